"""Files of torch (``.bin``) that carry code, strange tensors, or what is no tensor at all."""

import io
import pickle
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from fuzz.corpus.code import pickled, runs
from fuzz.corpus.places import Build, made, replaced

_CODE = ("open", "eval", "system")


def torch_files(relative: str, tensor: str) -> Iterator[tuple[str, Build]]:
    """Hostile files by name.

    Args:
        relative: where the working folder has the valid one.
        tensor: the name of one of its tensors.
    """
    for how in _CODE:
        yield f"code-{how}", _saved(relative, partial(_running, how))
        yield f"code-{how}-legacy", _saved(relative, partial(_running, how), zip=False)
    yield "code-bare-pickle", lambda work: replaced(relative, pickled(work))(work)
    for name, change in _TENSORS.items():
        yield f"tensor-{name}", _changed(relative, tensor, change)
    for name, content in _CONTENTS.items():
        yield f"holds-{name}", _saved(relative, partial(_plain, content))
    for name, ending, edit in _MEMBERS:
        yield name, _edited(relative, ending, edit)
    for name, data in _BARE.items():
        yield name, made(relative, data)


def _running(how: str, work: Path) -> object:
    return {"x": runs(work, how)}


def _plain(make: Callable[[], object], work: Path) -> object:
    return make()


def _torch() -> ModuleType:
    """Imported only when a file is made, so that kinds without it have small forks."""
    import torch

    warnings.filterwarnings("ignore", module="fuzz")  # of tensors that are strange on purpose
    return torch


def _saved(relative: str, make: Callable[[Path], object], *, zip: bool = True) -> Build:
    def build(work: Path) -> None:
        _torch().save(make(work), work / relative, _use_new_zipfile_serialization=zip)

    return build


def _changed(relative: str, tensor: str, change: Callable[[Any], object]) -> Build:
    def build(work: Path) -> None:
        state = _torch().load(work / relative, weights_only=True)
        _torch().save({**state, tensor: change(state[tensor])}, work / relative)

    return build


def _edited(relative: str, ending: str, edit: Callable[[bytes], bytes]) -> Build:
    """Other bytes in the members of the archive whose names end so."""

    def build(work: Path) -> None:
        file = io.BytesIO()
        with zipfile.ZipFile(work / relative) as old, zipfile.ZipFile(file, "w") as new:
            for member in old.namelist():
                data = old.read(member)
                new.writestr(member, edit(data) if member.endswith(ending) else data)
        (work / relative).write_bytes(file.getvalue())

    return build


def _quantised(tensor: Any) -> object:
    return _torch().quantize_per_tensor(tensor.float(), 0.1, 0, _torch().qint8)


_TENSORS: dict[str, Callable[[Any], object]] = {
    "sparse": lambda t: t.float().to_sparse(),
    "sparse-huge": lambda t: _torch().sparse_coo_tensor(size=(1 << 20, 1 << 20)),
    "quantised": _quantised,
    "meta": lambda t: t.to("meta"),
    "expanded": lambda t: _torch().ones(1).expand(1 << 16, 1 << 16),
    "strided": lambda t: t.flatten()[:1].expand(t.shape),
    "nan": lambda t: t * float("nan"),
    "complex": lambda t: t.to(_torch().complex64),
    "integers": lambda t: t.to(_torch().int64),
    "bool": lambda t: t > 0,
    "scalar": lambda t: t.sum(),
    "empty": lambda t: t[:0],
    "number": lambda t: 7,
    "none": lambda t: None,
    "parameter": lambda t: _torch().nn.Parameter(t),
}
_CONTENTS: dict[str, Callable[[], object]] = {
    "module": lambda: _torch().nn.Linear(2, 2),
    "list": lambda: [_torch().ones(1)],
    "tensor": lambda: _torch().ones(3),
    "none": lambda: None,
    "numbers-as-keys": lambda: {1: _torch().ones(1)},
    "hostile-keys": lambda: {"\x1b[31m[/]\u202e": _torch().ones(1)},
    "nested": lambda: _nested(100),
}
_MEMBERS: tuple[tuple[str, str, Callable[[bytes], bytes]], ...] = (
    ("storage-missing", "data/0", lambda data: b""),
    ("storage-short", "data/0", lambda data: data[: len(data) // 2]),
    ("storage-nan", "data/0", lambda data: b"\xff\x7f" * (len(data) // 2)),
    ("pickle-half", "data.pkl", lambda data: data[: len(data) // 2]),
    ("pickle-empty", "data.pkl", lambda data: b""),
    ("byteorder", "byteorder", lambda data: b"big"),
)
_BARE: dict[str, Callable[[], bytes]] = {
    "deep": lambda: b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".",
    "memo-huge": lambda: b"\x80\x04]r" + struct.pack("<I", 2**31 - 1) + b".",
    "text-huge": lambda: b"\x80\x04\x8d" + struct.pack("<Q", 2**60) + b"x" + pickle.STOP,
    "empty-zip": lambda: b"PK\5\6" + bytes(18),
}


def _nested(depth: int) -> object:
    inner: object = 1
    for _ in range(depth):
        inner = [inner]
    return inner
