"""Packages: a table of contents, a program and its weights (``.mlpackage``)."""

import json
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

from devsim.mlpackage.proto import specification
from fuzz.arena import root_of
from fuzz.corpus.documents import document_variants
from fuzz.corpus.messages import Edit, message_edits, nested
from fuzz.corpus.places import Build, places, replaced
from fuzz.corpus.text import JSON
from fuzz.corpus.variant import Command, Kind, Variant
from fuzz.seeds import PACKAGE
from fuzz.verdict import MARKER

_RUN = Command(("run", PACKAGE, "--samples", "1", "-o", "out.npz"), "out.npz")
_SPLIT = Command(("split", PACKAGE, "--at", "all", "-o", "out"), "out")
_JOIN = Command(("convert", "--plan", "joined.json", "--models", "models", "-o", "out"), "out")
_COPY = Command(("convert", "--plan", "plan.json", "--models", "models", "-o", "out"), "out")
_COMMANDS = (_SPLIT, _JOIN)
_THOROUGH = (_RUN, _COPY)
_EVERY = (*_COMMANDS, *_THOROUGH)

_CONTENTS = f"{PACKAGE}/Manifest.json"
_SPEC = f"{PACKAGE}/Data/com.apple.CoreML/model.mlmodel"
_WEIGHTS = f"{PACKAGE}/Data/com.apple.CoreML/weights/weight.bin"
_COSTLY_EVERY = 4


def _lay(seeds: Path, work: Path) -> None:
    shutil.copytree(seeds / "models", work / "models")
    for name in ("plan.json", "joined.json"):
        shutil.copy(seeds / name, work)


def _variants(seeds: Path) -> Iterator[Variant]:
    contents = json.loads((seeds / _CONTENTS).read_text())
    maps = frozenset({"itemInfoEntries"})
    yield from document_variants(
        "package", _CONTENTS, contents, JSON, _COMMANDS, thorough=_THOROUGH, maps=maps
    )
    model = specification().Model_pb2.Model.FromString((seeds / _SPEC).read_bytes())
    for number, (name, edit) in enumerate(message_edits(model)):
        commands = _EVERY if number % _COSTLY_EVERY == 0 else _COMMANDS
        yield Variant(f"package/spec.{name}", _edited(edit), commands)
    for name, data in _deep().items():
        yield Variant(f"package/spec={name}", replaced(_SPEC, data), _EVERY)
    yield from places("package/spec-file", _SPEC, _COMMANDS, _THOROUGH)
    yield from places("package/weights-file", _WEIGHTS, _EVERY)
    for name, build in _records():
        yield Variant(f"package/weights.{name}", build, _EVERY)
    for name, build in _FOLDERS.items():
        yield Variant(f"package/folder={name}", build, _EVERY)


def _edited(edit: Edit) -> Build:
    def build(work: Path) -> None:
        model = specification().Model_pb2.Model.FromString((work / _SPEC).read_bytes())
        edit(model)
        (work / _SPEC).write_bytes(model.SerializeToString())

    return build


def _deep() -> dict[str, bytes]:
    """Models of blocks in operations in blocks, of lists of lists, and of what nobody knows."""
    mil = specification().MIL_pb2

    def number(message: str, field: str) -> int:
        found: int = getattr(mil, message).DESCRIPTOR.fields_by_name[field].number
        return found

    blocks = (number("Block", "operations"), number("Operation", "blocks"))
    lists = (number("ValueType", "listType"), number("ListType", "type"))
    outputs = (
        number("Block", "operations"), number("Operation", "outputs"),
        number("NamedValueType", "type"),
    )  # fmt: skip

    def model(block: bytes) -> bytes:
        program = mil.Program(version=1)
        program.functions["main"].opset = "CoreML7"
        whole = specification().Model_pb2.Model(specificationVersion=8, mlProgram=program)
        function = program.functions["main"].SerializeToString()
        entry = b"\x0a\x07CoreML7" + nested((2,), 1, block)
        function += nested((number("Function", "block_specializations"),), 1, entry)
        main = b"\x0a\x04main" + nested((2,), 1, function)
        in_program = nested((number("Program", "functions"),), 1, main)
        return bytes(whole.SerializeToString() + nested((502,), 1, in_program))

    found = {"deep-unknown": nested((9999,), 100_000), "deep-program": nested((502,), 100_000)}
    for depth in (40, 5000, 100_000):
        found[f"deep-blocks-{depth}"] = model(nested(blocks, depth))
        found[f"deep-lists-{depth}"] = model(nested(outputs, 1, nested(lists, depth)))
    return found


def _records() -> Iterator[tuple[str, Build]]:
    """Records of weights that lie; the first one is at byte 64."""
    for name, at, form, value in (
        ("count", 0, "<I", 2**32 - 1),
        ("version", 4, "<I", 99),
        ("sentinel", 64, "<I", 0),
        ("type", 68, "<I", 99),
        ("type-int4", 68, "<I", 8),
        ("size-zero", 72, "<Q", 0),
        ("size-half", 72, "<Q", 2),
        ("size-2^40", 72, "<Q", 2**40),
        ("size-2^63", 72, "<Q", 2**63),
        ("offset-zero", 80, "<Q", 0),
        ("offset-itself", 80, "<Q", 64),
        ("offset-odd", 80, "<Q", 129),
        ("offset-2^40", 80, "<Q", 2**40),
        ("offset-2^64", 80, "<Q", 2**64 - 64),
        ("padding", 88, "<Q", 2**63),
    ):
        yield name, _patched(at, struct.pack(form, value))
    for gigabytes in (12, 1 << 10):
        yield f"record-{gigabytes}GB", _sparse(gigabytes << 30)
    yield "values-nan", _patched(128, b"\xff" * 512)


def _patched(at: int, data: bytes) -> Build:
    def build(work: Path) -> None:
        path = work / _WEIGHTS
        whole = bytearray(path.read_bytes())
        whole[at : at + len(data)] = data
        path.write_bytes(whole)

    return build


def _sparse(size_bytes: int) -> Build:
    """A first weight that fills the file, declared so in the program and stored as a hole."""

    def build(work: Path) -> None:
        path = work / _WEIGHTS
        with path.open("r+b") as file:
            file.seek(72)
            file.write(struct.pack("<QQ", size_bytes, 128))
            file.truncate(size_bytes + 128)
        model = specification().Model_pb2.Model.FromString((work / _SPEC).read_bytes())
        _declare(model, size_bytes // 4)
        (work / _SPEC).write_bytes(model.SerializeToString())

    return build


def _declare(model: object, elements: int) -> None:
    """Give the weight at byte 64 one dimension of so many elements."""
    function = model.mlProgram.functions["main"]  # type: ignore[attr-defined]
    for operation in function.block_specializations[function.opset].operations:
        for value in operation.attributes.values():
            if value.WhichOneof("value") == "blobFileValue" and value.blobFileValue.offset == 64:
                for declared in (value.type, operation.outputs[0].type):
                    del declared.tensorType.dimensions[1:]
                    declared.tensorType.dimensions[0].constant.size = elements
                    declared.tensorType.rank = 1


def _file(work: Path) -> None:
    shutil.rmtree(work / PACKAGE)
    (work / PACKAGE).write_bytes(b"")


def _links_out(relative: str) -> Build:
    def build(work: Path) -> None:
        path = work / relative
        shutil.rmtree(path)
        path.symlink_to(root_of(work) / "private")

    return build


def _loops(work: Path) -> None:
    (work / PACKAGE / "Data" / "again").symlink_to("..")


def _has_more(work: Path) -> None:
    (work / PACKAGE / "\x1b[31m[bold]\u202e").write_bytes(b"")
    (work / PACKAGE / "secret").symlink_to(root_of(work) / "private")
    (work / PACKAGE / "thesis").symlink_to(root_of(work) / "private" / "thesis.txt")


def _has_code(name: str) -> Build:
    """A module in the current folder that the command, or a process it starts, may import."""

    def build(work: Path) -> None:
        marker = root_of(work) / MARKER
        (work / f"{name}.py").write_text(f"open({str(marker)!r}, 'w')\nraise SystemExit(3)\n")

    return build


_FOLDERS: dict[str, Build] = {
    "file": _file,
    "links-out": _links_out(PACKAGE),
    "data-links-out": _links_out(f"{PACKAGE}/Data"),
    "weights-link-out": _links_out(f"{PACKAGE}/Data/com.apple.CoreML/weights"),
    "loops": _loops,
    "has-more": _has_more,
    "beside-psutil.py": _has_code("psutil"),
    "beside-numpy.py": _has_code("numpy"),
    "beside-devsim.py": _has_code("devsim"),
    "beside-sitecustomize.py": _has_code("sitecustomize"),
}

KIND = Kind("package", _lay, _EVERY, _variants)
