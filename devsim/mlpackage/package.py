"""An ``.mlpackage`` as it is read: its model, where its weights are, and whether it has changed."""

import json
from dataclasses import dataclass
from pathlib import Path

from devsim.core.confined import readable
from devsim.core.errors import BadFileError
from devsim.core.printable import quoted
from devsim.core.regular_files import read_regular, require_regular
from devsim.mlpackage.forms import check_folder, check_readable
from devsim.mlpackage.proto import Message, decode_error, specification

MAKE_AGAIN = "make the package again"
_MODEL_PATH = "@model_path/"
_LARGEST_MANIFEST = 1 << 20
_LARGEST_MODEL = 2 << 30
"""The most that protobuf reads."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What distinguishes one state of a file from another without reading it."""

    path: Path
    size: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Package:
    """An opened package.

    Attributes:
        root: its folder.
        files: its manifest and its model as they were before they were read.
        model_path: the model's file, relative to the root.
        model: the parsed ``Model`` message, an ML program or a pipeline.
    """

    root: Path
    files: tuple[Identity, ...]
    model_path: Path
    model: Message

    def weight_path(self, name: str) -> Path:
        """Where a weight file named in the program is; always inside the package.

        Raises:
            BadFileError: the name leads elsewhere.
        """
        if not name.startswith(_MODEL_PATH):
            raise self.broken(f"weights are in '{quoted(name)}'")
        return readable(self.root, str(self.model_path.parent), name.removeprefix(_MODEL_PATH))

    def broken(self, problem: str) -> BadFileError:
        """An error that says how the package contradicts itself."""
        return BadFileError(self.root, problem, MAKE_AGAIN)


def open_package(root: Path) -> Package:
    """Find and parse the program of a package.

    Raises:
        BadFileError: missing, truncated, or neither an ML program nor a pipeline.
    """
    check_folder(root)
    manifest = identity(readable(root, "Manifest.json"))
    model_path = _model_path(root)
    spec = identity(readable(root, str(model_path)))
    data = read_regular(spec.path, _LARGEST_MODEL)
    try:
        model = specification().Model_pb2.Model.FromString(data)
    except decode_error() as error:
        raise BadFileError(root / model_path, "is not a whole Core ML model", MAKE_AGAIN) from error
    check_readable(root, model)
    return Package(root, (manifest, spec), model_path, model)


def model_file(root: Path) -> Path:
    """The file of a package's model.

    Raises:
        BadFileError: the package's table of contents names none, or one elsewhere.
    """
    return readable(root, str(_model_path(root)))


def identity(path: Path) -> Identity:
    """The state of a file now.

    Raises:
        BadFileError: it is not there, or not a regular file.
    """
    status = require_regular(path)
    return Identity(path, status.st_size, status.st_mtime_ns)


def _model_path(root: Path) -> Path:
    """The path of the model in the package, as its table of contents has it."""
    manifest_path = root / "Manifest.json"
    try:
        manifest = json.loads(read_regular(readable(root, "Manifest.json"), _LARGEST_MANIFEST))
        item = manifest["itemInfoEntries"][manifest["rootModelIdentifier"]]["path"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise BadFileError(manifest_path, "names no root model", MAKE_AGAIN) from error
    if not isinstance(item, str):
        raise BadFileError(manifest_path, "the root model's path is not text", MAKE_AGAIN)
    return Path("Data") / item
