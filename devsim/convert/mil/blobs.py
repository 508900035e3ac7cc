"""Weight files: MIL blob storage, version 2, read by record and written blob by blob.

Layout (MILBlob, as coremltools writes it): a 64-byte header (u32 count, u32 version), then for
every blob a 64-byte record (u32 sentinel, u32 type, u64 size in bytes, u64 offset of the data,
u64 padding in bits) and the data; everything starts at a multiple of 64 bytes. A program names a
blob by its record.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from devsim.core.errors import BadFileError
from devsim.core.regular_files import open_regular
from devsim.mlpackage.package import MAKE_AGAIN

_VERSION = 2
_SENTINEL = 0xDEADBEEF
_HEADER = struct.Struct("<II")
_RECORD = struct.Struct("<IIQQ")
_ALIGNMENT = 64
_PART_BYTES = 4 << 20
_HEAD_BYTES = 4096

# BlobDataType of MILBlob: what the element is called, and its bits.
_ELEMENTS = {
    1: ("fp16", 16),
    2: ("fp32", 32),
    3: ("int8", 8),
    4: ("int8", 8),
    5: ("bf16", 16),
    6: ("int16", 16),
    7: ("int16", 16),
    8: ("int4", 4),
    9: ("int1", 1),
    10: ("int2", 2),
    11: ("int4", 4),
    12: ("int3", 3),
    13: ("int6", 6),
    14: ("int32", 32),
    15: ("int32", 32),
}


@dataclass(frozen=True, slots=True)
class Blob:
    """One blob of a weight file; two are equal when they are the same place of the same file.

    Attributes:
        path: the weight file.
        offset: of the record.
        record: its 64 bytes.
        size_bytes: of the data.
        data_offset: of the data.
    """

    path: Path
    offset: int
    record: bytes
    size_bytes: int
    data_offset: int

    @property
    def kind(self) -> int:
        """The element type's number in weight files."""
        return int(_RECORD.unpack_from(self.record)[1])

    @property
    def element(self) -> str:
        """What the element is called, signed or not."""
        return _ELEMENTS[self.kind][0]

    def parts(self) -> Iterator[bytes]:
        """The data, in pieces of a few megabytes.

        Raises:
            BadFileError: the file has become shorter.
        """
        with open_regular(self.path) as file:
            file.seek(self.data_offset)
            left = self.size_bytes
            while left:
                part = file.read(min(left, _PART_BYTES))
                if not part:
                    raise BadFileError(self.path, "shrank while it was read", MAKE_AGAIN)
                left -= len(part)
                yield part

    def head(self) -> bytes:
        """The first bytes of the data."""
        with open_regular(self.path) as file:
            file.seek(self.data_offset)
            return file.read(min(self.size_bytes, _HEAD_BYTES))


def read_blob(path: Path, offset: int, owner: str) -> Blob:
    """Read a blob's record.

    Args:
        path: the weight file.
        offset: of the record in it.
        owner: the weight's name, for an error.

    Raises:
        BadFileError: the file is missing or no blob storage, or the record is not sound.
    """
    where = f"weight '{owner}'"
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        header = file.read(_HEADER.size)
        file.seek(min(offset, size))
        record = file.read(_ALIGNMENT)
    if len(header) < _HEADER.size or _HEADER.unpack(header)[1] != _VERSION:
        raise BadFileError(path, f"is not blob storage of version {_VERSION}", MAKE_AGAIN)
    if offset < _ALIGNMENT or len(record) < _ALIGNMENT:
        raise BadFileError(path, f"{where}: its record is outside the file", MAKE_AGAIN)
    sentinel, kind, size_bytes, data_offset = _RECORD.unpack_from(record)
    if sentinel != _SENTINEL or kind not in _ELEMENTS:
        raise BadFileError(path, f"{where}: no record at {offset}", MAKE_AGAIN)
    if data_offset + size_bytes > size:
        raise BadFileError(path, f"{where}: its data is cut off", MAKE_AGAIN)
    return Blob(path, offset, record, size_bytes, data_offset)


class WeightFile:
    """A new weight file that blobs of other files are copied into, equal ones only once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._offsets: dict[Blob, int] = {}
        self._equal: dict[tuple[bytes, ...], list[Blob]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.seek(0)
            self._file.write(_HEADER.pack(len(set(self._offsets.values())), _VERSION))
            self._file.close()

    def copy(self, blob: Blob) -> int:
        """Copy a blob unless this very place of its file has been copied; its record's offset."""
        if blob not in self._offsets:
            self._offsets[blob] = self._append(blob)
        return self._offsets[blob]

    def share(self, blob: Blob) -> int:
        """Like ``copy``, and a blob of equal type and data is the same blob."""
        if blob in self._offsets:
            return self._offsets[blob]
        alike = self._equal.setdefault((blob.record[4:16], blob.record[24:], blob.head()), [])
        for other in alike:
            if all(one == two for one, two in zip(blob.parts(), other.parts(), strict=True)):
                self._offsets[blob] = self._offsets[other]
                return self._offsets[blob]
        alike.append(blob)
        return self.copy(blob)

    def _append(self, blob: Blob) -> int:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("wb")
            self._file.write(bytes(_ALIGNMENT))
        self._file.write(bytes(-self._file.tell() % _ALIGNMENT))
        offset = self._file.tell()
        data_offset = offset + _ALIGNMENT
        head = _RECORD.pack(_SENTINEL, blob.kind, blob.size_bytes, data_offset)
        self._file.write(head + blob.record[_RECORD.size :])
        for part in blob.parts():
            self._file.write(part)
        return offset
