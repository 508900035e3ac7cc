"""Inputs: named arrays (``.npz``)."""

import io
import shutil
import struct
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from fuzz.corpus.code import runs
from fuzz.corpus.places import made, places
from fuzz.corpus.text import TEXTS
from fuzz.corpus.variant import Command, Kind, Variant
from fuzz.seeds import PACKAGE

_RUN = ("run", "part2.mlpackage", "--inputs", "hostile.npz", "--samples", "1")
_COMMANDS = (Command((*_RUN, "-o", "out.npz"), "out.npz"),)


def _lay(seeds: Path, work: Path) -> None:
    shutil.copytree(seeds / PACKAGE, work / "part2.mlpackage")
    shutil.copy(seeds / "inputs.npz", work / "hostile.npz")


def _variants(seeds: Path) -> Iterator[Variant]:
    with np.load(seeds / "inputs.npz") as file:
        arrays = {name: file[name] for name in file.files}
    for name, make in _archives(arrays):
        yield Variant(f"npz/{name}", made("hostile.npz", make), _COMMANDS)
    yield Variant("npz/objects", _objects(arrays), _COMMANDS)
    yield Variant("npz/one-array-of-objects", _one_of_objects, _COMMANDS)
    yield from places("npz/file", "hostile.npz", _COMMANDS)


def _archives(arrays: dict[str, np.ndarray]) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Hostile archives: one member with another header or data, then hostile members."""
    first = next(iter(arrays))
    member = f"{first}.npy"
    others = {f"{name}.npy": _npy(array) for name, array in arrays.items() if name != first}
    right = _npy(arrays[first])

    def archive(member: str, data: Callable[[], bytes]) -> bytes:
        return _zip(others | {member: data()})

    for name, header in _headers(arrays[first]):
        yield f"header={name}", partial(archive, member, partial(_raw, header))
    for name, data in _members(right, arrays[first]):
        yield f"member={name}", partial(archive, member, data)
    for name, text in TEXTS.items():
        yield f"name={name}", partial(archive, f"{text}.npy"[:60_000], lambda: right)
    for name, change in _FLAGS.items():
        yield f"archive={name}", partial(_changed, change, partial(archive, member, lambda: right))
    yield "array=other-shape", lambda: _saved(arrays | {first: np.ones(7, np.float32)})
    yield "array=empty", lambda: _saved(arrays | {first: np.ones((0, 3), np.float32)})
    yield "array=nan", lambda: _saved(arrays | {first: np.full_like(arrays[first], np.nan)})
    yield "array=text", lambda: _saved(arrays | {first: np.array(["\x1b[31m", "[/]"])})
    yield "array=complex", lambda: _saved(arrays | {first: arrays[first].astype(complex)})
    yield "array=dates", lambda: _saved(arrays | {first: np.zeros(3, "M8[ns]")})
    yield "array=record", lambda: _saved(arrays | {first: np.zeros(3, [("\x1b[31m", "f4")])})
    yield "arrays=none", lambda: _zip({})
    yield "arrays=many", lambda: _zip({f"{n}.npy": b"" for n in range(50_000)})
    yield "arrays=unknown", lambda: _saved(arrays | {"\x1b[31m[/]\u202e": np.ones(3)})
    yield "arrays=nested", lambda: _zip({member: _zip({member: right})})
    yield "one-array", lambda: right
    yield "one-huge-array", lambda: _raw(_header("<f4", (1 << 40,)))


def _changed(change: Callable[[bytes], bytes], make: Callable[[], bytes]) -> bytes:
    return change(make())


def _header(descr: str, shape: tuple[float, ...], order: object = False) -> str:
    return repr({"descr": descr, "fortran_order": order, "shape": shape})


def _headers(array: np.ndarray) -> Iterator[tuple[str, str]]:
    descr, shape = array.dtype.str, array.shape
    shapes: dict[str, tuple[float, ...]] = {
        "negative": (-1, 3), "huge": (1 << 40,), "product": (1 << 31, 1 << 31, 1 << 31),
        "beyond": (1 << 70,), "true": (True, 3), "floats": (1.5, 2), "rank-100": (1,) * 100,
        "long": (1,) * 5000, "digits": (int("9" * 4000),), "zero": (0,) * 3,
    }  # fmt: skip
    for name, each in shapes.items():
        yield f"shape-{name}", _header(descr, each)
    for name in ("O", "|O", "<f16", "V1000000000", "U1000000000", "<M8[999999999Y]", "x", ""):
        yield f"descr-{name or 'empty'}", _header(name, shape)
    yield "descr-nested", _header("X", (1,)).replace("'X'", "[" * 60 + "('a','<f4')" + "]" * 60)
    yield "descr-fields", _header("X", (1,)).replace("'X'", repr([("a", "<f4", (1 << 30,))] * 9))
    yield "order-text", _header(descr, shape, "\x1b[31m")
    yield "deep", "(" * 4000 + ")" * 4000
    yield "deeper", "[" * 60_000 + "]" * 60_000
    yield "unary", "-" * 60_000 + "1"
    yield "not-a-dictionary", "[1, 2]"
    yield "code", "__import__('os').system('touch CODE-RAN')"
    yield "keys-missing", "{'descr': '<f4'}"
    yield "keys-unknown", _header(descr, shape).replace("{", "{'\x1b[31m': 1, ", 1)
    yield "nul", "{'descr': '<f4\0', 'fortran_order': False, 'shape': (3,)}"
    yield "null-bytes", "\0" * 100
    yield "long-text", repr("x" * 60_000)


def _members(right: bytes, array: np.ndarray) -> Iterator[tuple[str, Callable[[], bytes]]]:
    yield "empty", lambda: b""
    yield "magic-only", lambda: right[:6]
    yield "version-9", lambda: right[:6] + b"\x09\x09" + right[8:]
    yield "no-header", lambda: right[:10]
    yield "header-half", lambda: right[:40]
    yield "data-missing", lambda: right[:128]
    yield "data-half", lambda: right[: len(right) // 2]
    yield "data-more", lambda: right + bytes(1 << 20)
    yield "header-length", lambda: right[:6] + b"\2\0" + struct.pack("<I", 0xFFFFFFFF) + right[10:]
    yield "bomb", lambda: _npy(np.zeros(1 << 30, np.uint8))
    yield "bomb-behind", lambda: right + bytes(1 << 30)
    yield "picture", lambda: b"\x89PNG\r\n"


def _encrypted(data: bytes) -> bytes:
    """Says so of every member, in both of their headers."""
    changed = bytearray(data)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = 0
        while (start := data.find(mark, start)) >= 0:
            changed[start + at] |= 1
            start += 4
    return bytes(changed)


def _entry(data: bytes, at: int, form: str, value: int) -> bytes:
    """Another value in the first entry of the archive's directory."""
    place = data.index(b"PK\x01\x02") + at
    new = struct.pack(form, value)
    return data[:place] + new + data[place + len(new) :]


_FLAGS: dict[str, Callable[[bytes], bytes]] = {
    "encrypted": _encrypted,
    "method-99": lambda data: _entry(data, 10, "<H", 99),
    "method-lzma": lambda data: _entry(data, 10, "<H", 14),
    "crc": lambda data: _entry(data, 16, "<I", 0xDEADBEEF),
    "size-huge": lambda data: _entry(data, 24, "<I", 0xFFFFFFFE),
    "size-small": lambda data: _entry(data, 24, "<I", 1),
    "packed-huge": lambda data: _entry(data, 20, "<I", 0xFFFFFFFE),
    "offset-huge": lambda data: _entry(data, 42, "<I", 0xFFFFFFFE),
    "name-huge": lambda data: _entry(data, 28, "<H", 0xFFFF),
    "directory-twice": lambda data: data + data[data.index(b"PK\x01\x02") :],
    "prefix": lambda data: b"#!/bin/sh\n" * 10 + data,
    "comment": lambda data: data[:-2] + struct.pack("<H", 9) + b"\x1b[31m[/]",
    "damaged": lambda data: data[:60] + bytes(20) + data[80:],
}


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def _saved(arrays: dict[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    with np.errstate(all="ignore"):
        np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _raw(header: str) -> bytes:
    """An array of no data with whatever header."""
    text = header.encode() + b"\n"
    return b"\x93NUMPY\2\0" + struct.pack("<I", len(text)) + text


def _zip(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def _objects(arrays: dict[str, np.ndarray]) -> Callable[[Path], None]:
    def build(work: Path) -> None:
        carrier = np.array([runs(work)], dtype=object)
        changed = arrays | {next(iter(arrays)): carrier}
        np.savez(work / "hostile.npz", allow_pickle=True, **changed)

    return build


def _one_of_objects(work: Path) -> None:
    file = io.BytesIO()
    np.save(file, np.array([runs(work)], dtype=object), allow_pickle=True)
    (work / "hostile.npz").write_bytes(file.getvalue())


KIND = Kind("npz", _lay, _COMMANDS, _variants)
