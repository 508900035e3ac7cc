"""Writes an ``.mlpackage``: a model and the blobs it names, in one new weight file."""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from devsim.convert.mil.blobs import Blob, WeightFile
from devsim.mlpackage.proto import Message

_FOLDER = "com.apple.CoreML"
_WEIGHTS = "@model_path/weights/weight.bin"


def write_package(
    model: Message,
    blobs: Mapping[tuple[str, int], Blob],
    package: Path,
    place: Callable[[WeightFile, Blob], int],
) -> None:
    """Write a new package folder; the same model and weights give the same bytes.

    Args:
        model: the ``Model`` message; its references to blobs are changed to the new file's.
        blobs: the blobs that it refers to, by file name and offset as the model has them.
        package: the folder to make.
        place: ``WeightFile.copy`` or ``WeightFile.share``.
    """
    data = package / "Data" / _FOLDER
    data.mkdir(parents=True)
    with WeightFile(data / "weights" / "weight.bin") as weights:
        for reference in references(model.mlProgram):
            blob = blobs[reference.fileName, reference.offset]
            reference.fileName, reference.offset = _WEIGHTS, place(weights, blob)
    (data / "model.mlmodel").write_bytes(model.SerializeToString(deterministic=True))
    items = {f"{_FOLDER}/model.mlmodel": "CoreML Model Specification"}
    if (data / "weights").exists():
        items[f"{_FOLDER}/weights"] = "CoreML Model Weights"
    _write_contents(package / "Manifest.json", items)


def weight_file_bytes(package: Path) -> int:
    """Size of a written package's weight file; zero where it has none."""
    path = package / "Data" / _FOLDER / "weights" / "weight.bin"
    return path.stat().st_size if path.exists() else 0


def references(message: Message) -> Iterator[Message]:
    """Every ``BlobFileValue`` in a program, block, operation or value, at any depth."""
    name = message.DESCRIPTOR.name
    if name == "Value":
        if message.WhichOneof("value") == "blobFileValue":
            yield message.blobFileValue
    elif name == "Operation":
        for value in message.attributes.values():
            yield from references(value)
        for argument in message.inputs.values():
            for binding in argument.arguments:
                if binding.WhichOneof("binding") == "value":
                    yield from references(binding.value)
        for block in message.blocks:
            yield from references(block)
    elif name == "Block":
        for operation in message.operations:
            yield from references(operation)
    elif name == "Program":
        for function in message.functions.values():
            for block in function.block_specializations.values():
                yield from references(block)


def _write_contents(path: Path, items: dict[str, str]) -> None:
    """The package's table of contents, in the form that coremltools writes."""
    identifiers = {item: str(uuid.uuid5(uuid.NAMESPACE_URL, item)) for item in items}
    contents = {
        "fileFormatVersion": "1.0.0",
        "itemInfoEntries": {
            identifiers[item]: {
                "author": _FOLDER,
                "description": description,
                "name": item.rpartition("/")[2],
                "path": item,
            }
            for item, description in items.items()
        },
        "rootModelIdentifier": identifiers[f"{_FOLDER}/model.mlmodel"],
    }
    path.write_text(json.dumps(contents, indent=4, sort_keys=True) + "\n")
