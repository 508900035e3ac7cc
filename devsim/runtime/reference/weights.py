"""The weight file: MIL blob storage, version 2, read into one buffer or mapped, and viewed.

Layout (MILBlob, as coremltools writes it): a 64-byte header (u32 count, u32 version), then for
every blob a 64-byte record (u32 sentinel, u32 type, u64 size in bytes, u64 offset of the data) and
the data; everything starts at a multiple of 64 bytes. A program names a blob by its record.
"""

import mmap
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch
from torch import Tensor

from devsim.core.regular_files import open_regular
from devsim.runtime.pages import fresh_memory
from devsim.runtime.reference.faults import MalformedError
from devsim.runtime.reference.mil_types import BLOB_ELEMENTS, TensorType

_VERSION = 2
_SENTINEL = 0xDEADBEEF
_HEADER = struct.Struct("<II")
_RECORD = struct.Struct("<IIQQ")
_RECORD_BYTES = 64
_READ_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Blob:
    """A constant of a program that lives in a weight file: where, and of what type."""

    name: str
    path: Path
    record: int
    type: TensorType


def read_weights(path: Path) -> mmap.mmap:
    """Read a whole file into private anonymous memory; releases the GIL while it reads.

    Raises:
        MalformedError: the file is missing, truncated, larger than memory, or no blob storage.
    """
    return _opened(path, _copied)


def map_weights(path: Path) -> mmap.mmap:
    """Map a whole file; its pages are read when they are first used, and stay clean.

    A file that is cut short while it is mapped ends the process at its next use, as any mapped
    file does.

    Raises:
        MalformedError: the file is missing, truncated, or no blob storage.
    """
    return _opened(path, _mapped)


def _opened(path: Path, get: Callable[[int, int], mmap.mmap]) -> mmap.mmap:
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size < _RECORD_BYTES:
                raise MalformedError(f"{path.name} is truncated")
            if size > psutil.virtual_memory().total:
                raise MalformedError(f"{path.name} is larger than this machine's memory")
            buffer = get(file.fileno(), size)
    except OSError as error:
        raise MalformedError(f"{path.name} cannot be read ({error.strerror})") from error
    _, version = _HEADER.unpack_from(buffer)
    if version != _VERSION:
        raise MalformedError(f"{path.name} is blob storage of version {version}, not {_VERSION}")
    return buffer


def view(buffer: mmap.mmap, blob: Blob) -> Tensor:
    """The blob's data as a tensor of its declared shape that shares the buffer's memory.

    A type of less than a byte comes as it is stored: uint8, one dimension.

    Raises:
        MalformedError: its record is missing, or disagrees with the file or the declared type.
    """
    offset, size = _data_of(buffer, blob)
    element, shape = blob.type.element, blob.type.known_shape
    if shape is None or size == 0:
        return torch.empty(shape or (0,), dtype=element.dtype)
    if element.packed:
        return torch.frombuffer(buffer, dtype=torch.uint8, count=size, offset=offset)
    flat = torch.frombuffer(
        buffer, dtype=element.dtype, count=size * 8 // element.bits, offset=offset
    )
    return flat.reshape(shape)


def _data_of(buffer: mmap.mmap, blob: Blob) -> tuple[int, int]:
    where = f"{blob.path.name}, weight '{blob.name}'"
    if not 0 < blob.record <= len(buffer) - _RECORD_BYTES:
        raise MalformedError(f"{where}: its record at {blob.record} is outside the file")
    sentinel, kind, size, offset = _RECORD.unpack_from(buffer, blob.record)
    if sentinel != _SENTINEL:
        raise MalformedError(f"{where}: no record at {blob.record}")
    if BLOB_ELEMENTS.get(kind) != blob.type.element:
        raise MalformedError(f"{where}: stored as type {kind}, declared {blob.type.element.name}")
    if size != blob.type.stored_bytes:
        raise MalformedError(
            f"{where}: {size} bytes stored where its type needs {blob.type.stored_bytes}"
        )
    if offset + size > len(buffer) or offset % max(blob.type.element.bits // 8, 1):
        raise MalformedError(f"{where}: its data at {offset} is outside the file or misplaced")
    return offset, size


def _mapped(handle: int, size: int) -> mmap.mmap:
    # Writable in name, as torch wants it; nothing writes, so no page is ever copied.
    return mmap.mmap(handle, size, access=mmap.ACCESS_COPY)


def _copied(handle: int, size: int) -> mmap.mmap:
    buffer = fresh_memory(size)
    with memoryview(buffer) as whole:
        done = 0
        while done < size:
            with whole[done : done + _READ_BYTES] as part:
                count = os.preadv(handle, [part], done)
            if count == 0:
                raise MalformedError("the weight file shrank while it was read")
            done += count
    return buffer
