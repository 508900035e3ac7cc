"""The one way in which devsim opens files that somebody else may have written.

A path may name a pipe that never ends, a device that never stops, or a file with a terabyte of
holes. So only regular files are opened, without waiting, and read up to a limit that is stated for
each kind of file.
"""

import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from devsim.core.errors import BadFileError

DOCUMENT_BYTES = 64 << 20
"""The largest profile, plan or manifest."""
TRACE_BYTES = 64 << 20
"""The largest trace, also after it is unzipped; parsed, it takes several times as much."""
SETTINGS_BYTES = 1 << 18
"""The largest file that people write by hand: devices and totals, in TOML."""

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}
_HOLLOW_FROM_BYTES = 1 << 30
_HOLLOW_SHARE = 64
_BLOCK_BYTES = 512  # of st_blocks, stat(2)


@contextmanager
def open_regular(path: Path) -> Iterator[BufferedReader]:
    """Open a regular file to read it, following links; never waits for a pipe or a device.

    Raises:
        BadFileError: there is no such file, it is not a regular file, it cannot be read, or it
            consists of holes.
    """
    require_regular(path)
    with _named(path):
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        _check(path, os.fstat(handle))
        yield file


def require_regular(path: Path) -> os.stat_result:
    """Check a file before somebody else's code opens it; returns what it is now.

    Raises:
        BadFileError: see ``open_regular``.
    """
    with _named(path):
        status = path.stat()
        _check(path, status)
        return status


def read_regular(path: Path, limit_bytes: int) -> bytes:
    """Read a whole file, gunzipped when its name ends in ``.gz``.

    Raises:
        BadFileError: see ``open_regular``; or it has more bytes than ``limit_bytes``, also
            after it is unzipped.
    """
    with open_regular(path) as file:
        if path.suffix == ".gz":
            return _gunzipped(path, file, limit_bytes)
        data = file.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise _too_large(path, limit_bytes)
    return data


def _gunzipped(path: Path, file: BufferedReader, limit_bytes: int) -> bytes:
    """Unzip every member, and stop where the limit is passed; a bomb never gets into memory."""
    data, rest = bytearray(), b""
    try:
        while rest := rest or file.read(1 << 20):
            member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            while not member.eof:
                if not rest:
                    raise _not_gzip(path, "it is cut off")
                data += member.decompress(rest, limit_bytes + 1 - len(data))
                if len(data) > limit_bytes:
                    raise _too_large(path, limit_bytes)
                rest = member.unconsumed_tail or (b"" if member.eof else file.read(1 << 20))
            rest = member.unused_data
    except zlib.error as error:
        raise _not_gzip(path, str(error)) from error
    return bytes(data)


def _not_gzip(path: Path, reason: str) -> BadFileError:
    return BadFileError(path, f"cannot be read as gzip ({reason})", "copy or make it again")


def _check(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        raise BadFileError(path, f"is {kind}, not a file", "give the path of a regular file")
    size = status.st_size
    if size > _HOLLOW_FROM_BYTES and status.st_blocks * _BLOCK_BYTES < size // _HOLLOW_SHARE:
        raise BadFileError(
            path, f"claims {size} bytes but is almost all holes", "download or make it again"
        )


def _too_large(path: Path, limit_bytes: int) -> BadFileError:
    return BadFileError(
        path, f"has more than {limit_bytes} bytes, the most that is read", "check the path"
    )


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Name the file in what the system says of it."""
    try:
        yield
    except FileNotFoundError:
        raise BadFileError(path, "no such file", "check the path") from None
    except OSError as error:
        raise BadFileError(
            path, f"cannot be read ({error.strerror or error})", "check the path"
        ) from error
    except ValueError as error:  # a path with a zero byte
        raise BadFileError(path, f"is not a path ({error})", "check the path") from error
