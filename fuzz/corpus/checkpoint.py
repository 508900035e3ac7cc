"""Checkpoints: published weights (``.safetensors``, ``.bin`` of torch, ``.index.json``)."""

import json
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fuzz.corpus.code import pickled
from fuzz.corpus.documents import document_variants, written
from fuzz.corpus.pickles import torch_files
from fuzz.corpus.places import places, replaced
from fuzz.corpus.text import JSON, Raw
from fuzz.corpus.variant import Command, Kind, Variant
from fuzz.corpus.walk import edits
from fuzz.seeds import CONVERT


def _command(folder: str) -> tuple[Command, ...]:
    args = (*CONVERT, "--weights", f"checkpoints/{folder}", "-o", "out")
    return (Command(args, "out", resumes=True),)


_SAFE, _TORCH, _SHARDED = map(_command, ("safetensors", "torch", "sharded"))
_SAFE_FILE = "checkpoints/safetensors/model.safetensors"
_TORCH_FILE = "checkpoints/torch/pytorch_model.bin"
_INDEX_FILE = "checkpoints/sharded/model.safetensors.index.json"
FIRST_TENSOR = "x_embedder.proj.weight"


def _lay(seeds: Path, work: Path) -> None:
    shutil.copytree(seeds / "checkpoints", work / "checkpoints")


def _variants(seeds: Path) -> Iterator[Variant]:
    header, data = _opened((seeds / _SAFE_FILE).read_bytes())
    name = FIRST_TENSOR if FIRST_TENSOR in header else next(iter(header))
    for where, edited in edits(header[name], JSON):
        build = _with_header({**header, name: edited}, data)
        yield Variant(f"checkpoint/tensor.{where}", build, _SAFE)
    for what, text in JSON.texts.items():
        build = _with_header({**header, text: header[name]}, data)
        yield Variant(f"checkpoint/tensor.name={what}", build, _SAFE)
    for what, build in _safetensors(header, data, name):
        yield Variant(f"checkpoint/safetensors={what}", build, _SAFE)
    for what, build in torch_files(_TORCH_FILE, FIRST_TENSOR):
        yield Variant(f"checkpoint/torch={what}", build, _TORCH)
    index = json.loads((seeds / _INDEX_FILE).read_text())
    first = next(iter(index["weight_map"]))
    index["weight_map"] = {first: index["weight_map"][first]}
    yield from document_variants(
        "checkpoint", _INDEX_FILE, index, JSON, _SHARDED, maps=frozenset({"weight_map"})
    )
    yield from places("checkpoint/safetensors-file", _SAFE_FILE, _SAFE)
    yield from places("checkpoint/torch-file", _TORCH_FILE, _TORCH)


def _opened(data: bytes) -> tuple[dict[str, Any], bytes]:
    (size,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def _with_header(header: Any, data: bytes) -> Callable[[Path], None]:
    def encode(text: str) -> bytes:
        return struct.pack("<Q", len(text.encode())) + text.encode() + data

    return written(_SAFE_FILE, header, JSON, encode)


def _safetensors(
    header: dict[str, Any], data: bytes, name: str
) -> Iterator[tuple[str, Callable[[Path], None]]]:
    text = json.dumps(header).encode()
    for what, size in (("zero", 0), ("beyond", 1 << 20), ("100MB", 100 << 20), ("2^63", 2**63)):
        whole = struct.pack("<Q", size) + text + data
        yield f"header-length-{what}", replaced(_SAFE_FILE, whole)
    shape = header[name]["shape"]
    start, end = header[name]["data_offsets"]
    tensors: dict[str, dict[str, Any]] = {
        "offsets-swapped": {"data_offsets": [end, start]},
        "offsets-negative": {"data_offsets": [-1, end]},
        "offsets-beyond": {"data_offsets": [start, 2**62]},
        "offsets-overlap": {"data_offsets": [0, end]},
        "shape-other": {"shape": [*shape[:-1], shape[-1] + 1]},
        "shape-huge": {"shape": [2**40, 2**40]},
        "shape-flat": {"shape": [(end - start) // 2]},
        "dtype-int": {"dtype": "I16"},
        "dtype-bool": {"dtype": "BOOL", "shape": [end - start]},
        "dtype-f8": {"dtype": "F8_E5M2", "shape": [end - start]},
        "dtype-unknown": {"dtype": "\x1b[31m[/]"},
    }
    for what, changed in tensors.items():
        yield what, _with_header({**header, name: {**header[name], **changed}}, data)
    for what, pair in {"nan": b"\xff\x7e", "infinite": b"\x00\x7c", "huge": b"\xff\x7b"}.items():
        filled = data[:start] + pair * ((end - start) // 2) + data[end:]
        yield f"values-{what}", _with_header(header, filled)
    hostile = {"__metadata__": {"format": "\x1b[31m[/]"}}
    yield "metadata", _with_header({**header, **hostile}, data)
    yield "metadata-list", _with_header({**header, "__metadata__": []}, data)
    yield "tensors-none", _with_header({}, data)
    many = {f"t{n}": {"dtype": "F16", "shape": [0], "data_offsets": [0, 0]} for n in range(50_000)}
    yield "tensors-many", _with_header({**many, **header}, data)
    yield "data-missing", _with_header(header, b"")
    yield "data-more", _with_header(header, data + bytes(100))
    yield "name-twice", _with_header({Raw(json.dumps(name)): header[name], **header}, data)
    yield "a-pickle", lambda work: replaced(_SAFE_FILE, pickled(work))(work)


KIND = Kind("checkpoint", _lay, (*_SAFE, *_TORCH, *_SHARDED), _variants, needs_torch=True)
