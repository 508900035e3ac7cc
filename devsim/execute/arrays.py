"""Named arrays: seeded random ones, and ``.npz`` files of them."""

import math
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from devsim.core.errors import BadFileError
from devsim.core.printable import quoted
from devsim.core.regular_files import open_regular
from devsim.runtime.protocol import Array

_NPY_MAGIC = b"\x93NUMPY"
_FORMAT: Any = np.lib.format  # whose functions have no annotations
_HEADERS = {(1, 0): _FORMAT.read_array_header_1_0, (2, 0): _FORMAT.read_array_header_2_0}
_UNPACKED_BYTES = 256 << 20
"""How much larger than the file all arrays together may be."""
_NPZ_FAULTS = (
    EOFError,
    MemoryError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What ``zipfile`` and numpy raise for archives and headers that are not what they say."""

_BELOW = 100


def random_array(
    name: str, shape: tuple[int, ...], dtype: str, seed: int = 0, below: int | None = None
) -> Array:
    """Seeded values that depend on the name: normal, or whole numbers from 0 on.

    Args:
        name: of the values.
        shape: of the array.
        dtype: of the array.
        seed: other values for the same name.
        below: more than any whole number; None: 100.
    """
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    if np.issubdtype(np.dtype(dtype), np.floating):
        return rng.standard_normal(shape, dtype=np.float32).astype(dtype)
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(dtype)
    return rng.integers(0, below or _BELOW, shape).astype(dtype)


def read_npz(path: Path) -> dict[str, Array]:
    """Read the arrays of an ``.npz`` file; nothing is unpickled.

    Raises:
        BadFileError: missing, damaged, with anything but numbers in it, or much larger when it
            is unpacked.
    """
    try:
        with open_regular(path) as file:
            if file.peek(len(_NPY_MAGIC)).startswith(_NPY_MAGIC):
                raise BadFileError(path, "is one array without a name", "save it with numpy.savez")
            with zipfile.ZipFile(file) as archive:
                _require_small(path, archive)
                return {
                    member.filename.removesuffix(".npy"): _read_array(archive, member)
                    for member in archive.infolist()
                }
    except _NPZ_FAULTS as error:
        raise BadFileError(
            path, f"is not an .npz file of plain arrays ({error})", "save it with numpy.savez"
        ) from error


def _require_small(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse a bomb by what the archive says of itself; no member is read beyond that."""
    unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > path.stat().st_size + _UNPACKED_BYTES:
        raise BadFileError(
            path, f"unpacks to {unpacked} bytes", "save it with numpy.savez, which does not pack"
        )


def _read_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Array:
    with archive.open(member) as file:
        version = _FORMAT.read_magic(file)
        if version not in _HEADERS:
            raise ValueError(f"{quoted(member.filename)} is .npy of version {version}")
        shape, in_columns, dtype = _HEADERS[version](file)
        if dtype.kind not in "biufU":
            raise ValueError(f"{quoted(member.filename)} holds {dtype}, not numbers or text")
        data = bytearray(file.read())
    if len(data) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{quoted(member.filename)} has another size than its header says")
    array = np.frombuffer(data, dtype)
    if dtype.kind == "U" and not _is_text(data, dtype):
        raise ValueError(f"{quoted(member.filename)} has characters that do not exist")
    return array.reshape(shape, order="F" if in_columns else "C")


def _is_text(data: bytearray, dtype: np.dtype[np.generic]) -> bool:
    """Whether numbers that stand for characters are those of characters."""
    points = np.frombuffer(data, np.dtype(np.uint32).newbyteorder(dtype.byteorder))
    surrogate = (points >= 0xD800) & (points < 0xE000)
    return not bool(np.any(surrogate | (points > 0x10FFFF)))


def write_npz(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write arrays as an ``.npz`` file, whatever the path's ending."""
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
