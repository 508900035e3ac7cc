"""What may stand where a file is expected, whatever kind of file that is."""

import gzip
import os
import socket
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from fuzz.arena import root_of
from fuzz.corpus.variant import Command, Variant

Build = Callable[[Path], None]
"""Makes a working folder hostile."""

_CUTS = {"one": 0.0, "quarter": 0.25, "half": 0.5, "most": 0.9}
_TB = 1 << 40
_WRONG = {
    "empty": b"",
    "nothing-but-nul": bytes(4096),
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(64),
    "program": b"\x7fELF" + bytes(range(256)),
    "not-utf8": b'{"schema_version": 1, "workload": "\xff\xfe"}',
    "utf16": '{"schema_version": 1}'.encode("utf-16"),
    "byte-order-mark": b"\xef\xbb\xbf{}",
    "number": b"7",
    "null": b"null",
    "open-list": b"[" * 100_000,
    "open-object": b'{"a":' * 100_000,
    "long-number": b"9" * 1_000_000,
    "long-line": b'"' + b"x" * 2_000_000,
    "escapes": b"\x1b[31m\x1b]0;title\x07" * 20,
}


def places(
    prefix: str, relative: str, commands: tuple[Command, ...], thorough: tuple[Command, ...] = ()
) -> Iterator[Variant]:
    """Variants of a working folder with something else in place of one file.

    Args:
        prefix: what their names begin with.
        relative: the file.
        commands: what reads it.
        thorough: what reads some of them besides, because it takes long.
    """
    for what, build in _builds(relative):
        costly = thorough if what in _THOROUGH else ()
        yield Variant(f"{prefix}={what}", build, (*commands, *costly))


_THOROUGH = {"fifo", "zero", "folder", "loop", "empty", "half", "sparse-1TB", "escapes"}


def replaced(relative: str, data: bytes) -> Build:
    """Puts other bytes in the place of a file."""

    def build(work: Path) -> None:
        path = work / relative
        path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    return build


def made(relative: str, make: Callable[[], bytes]) -> Build:
    """Puts other bytes in the place of a file, which are made only then."""
    return lambda work: replaced(relative, make())(work)


def bomb(size_bytes: int, fill: bytes = b"\0") -> bytes:
    """A small gzip file that holds that many equal bytes."""
    part = fill * (1 << 20)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH)
    count, check = size_bytes >> 20, 0
    for _ in range(count):
        check = zlib.crc32(part, check)
    end = packer.flush() + struct.pack("<II", check, size_bytes & 0xFFFFFFFF)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + packed * count + end


def _builds(relative: str) -> Iterator[tuple[str, Build]]:
    for what, data in _WRONG.items():
        yield what, replaced(relative, data)
    for what, share in _CUTS.items():
        yield what, _cut(relative, share)
    yield "trailing", _trailing(relative)
    if relative.endswith(".gz"):
        yield "gzip-bomb", made(relative, partial(bomb, 2 << 30))
        yield "gzip-bomb-text", made(relative, partial(bomb, 1 << 30, b" "))
        yield "gzip-twice", _again(relative)
        yield "not-gzip", replaced(relative, b"{}")
    for what, place in _SPECIAL.items():
        yield what, _special(relative, place)


def _cut(relative: str, share: float) -> Build:
    def build(work: Path) -> None:
        path = work / relative
        data = path.read_bytes()
        path.write_bytes(data[: max(1, int(len(data) * share))])

    return build


def _trailing(relative: str) -> Build:
    def build(work: Path) -> None:
        with (work / relative).open("ab") as file:
            file.write(b"\0 trailing {}")

    return build


def _again(relative: str) -> Build:
    def build(work: Path) -> None:
        path = work / relative
        path.write_bytes(gzip.compress(path.read_bytes()))

    return build


def _special(relative: str, place: Callable[[Path], None]) -> Build:
    def build(work: Path) -> None:
        path = work / relative
        path.unlink(missing_ok=True)
        place(path)

    return build


def _socket(path: Path) -> None:
    short = root_of_arena(path) / "s"  # a socket's own path may have 107 characters
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(short))
    short.rename(path)


def _sparse(size_bytes: int) -> Callable[[Path], None]:
    def place(path: Path) -> None:
        with path.open("wb") as file:
            os.truncate(file.fileno(), size_bytes)

    return place


def _link_out(path: Path) -> None:
    path.symlink_to(root_of_arena(path) / "private" / "thesis.txt")


def root_of_arena(path: Path) -> Path:
    """The root of the arena that any path in its working folder is in."""
    work = next(each for each in path.parents if each.name == "work")
    return root_of(work)


def _unreadable(path: Path) -> None:
    path.write_bytes(b"{}")
    path.chmod(0)


_SPECIAL: dict[str, Callable[[Path], None]] = {
    "missing": lambda path: None,
    "fifo": os.mkfifo,
    "zero": lambda path: path.symlink_to("/dev/zero"),
    "random": lambda path: path.symlink_to("/dev/urandom"),
    "terminal": lambda path: path.symlink_to("/dev/tty"),
    "folder": Path.mkdir,
    "socket": _socket,
    "dangling": lambda path: path.symlink_to("nowhere"),
    "loop": lambda path: path.symlink_to(path.name),
    "link-out": _link_out,
    "sparse-12GB": _sparse(12 << 30),
    "sparse-1TB": _sparse(_TB),
} | ({"unreadable": _unreadable} if os.geteuid() != 0 else {})
