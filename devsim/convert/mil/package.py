"""An ``.mlpackage`` as it is read: its model, and where its weight files are."""

import json
from dataclasses import dataclass
from pathlib import Path

from devsim.convert.mil.proto import Message, decode_error, specification
from devsim.core.errors import BadFileError, DevsimError
from devsim.core.files import read_bytes
from devsim.mlpackage.forms import check_folder, check_readable

MAKE_AGAIN = "make the package again"
_MODEL_PATH = "@model_path/"
_LONGEST = 200
_LARGEST_MANIFEST = 1 << 20
_LARGEST_MODEL = 2 << 30  # the most that protobuf reads


@dataclass(frozen=True, slots=True)
class Package:
    """An opened package.

    Attributes:
        root: its folder.
        model_path: the model's file in it.
        model: the parsed ``Model`` message, an ML program or a pipeline.
    """

    root: Path
    model_path: Path
    model: Message

    def weight_path(self, name: str) -> Path:
        """Where a weight file named in the program is; always inside the package.

        Raises:
            BadFileError: the name leads elsewhere.
        """
        if not name.startswith(_MODEL_PATH):
            raise self.broken(f"weights are in '{shown(name)}'")
        return _inside(self.root, self.model_path.parent, name.removeprefix(_MODEL_PATH))

    def broken(self, problem: str) -> BadFileError:
        """An error that says what the package contradicts itself in."""
        return BadFileError(self.root, problem, MAKE_AGAIN)


def open_package(root: Path) -> Package:
    """Find and parse the program of a package.

    Raises:
        BadFileError: missing, truncated, or neither an ML program nor a pipeline.
    """
    check_folder(root)
    model_path = _model_path(root)
    try:
        model = specification().Model_pb2.Model.FromString(_read(model_path, _LARGEST_MODEL))
    except decode_error() as error:
        raise BadFileError(model_path, "is not a whole Core ML model", MAKE_AGAIN) from error
    check_readable(root, model)
    return Package(root, model_path, model)


def shown(text: str) -> str:
    """Text from a package made fit for a message: one printable line of bounded length."""
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return line if len(line) <= _LONGEST else line[:_LONGEST] + "..."


def _model_path(root: Path) -> Path:
    manifest_path = root / "Manifest.json"
    try:
        manifest = json.loads(_read(manifest_path, _LARGEST_MANIFEST))
        item = manifest["itemInfoEntries"][manifest["rootModelIdentifier"]]["path"]
        return _inside(root, root / "Data", item)
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        if isinstance(error, DevsimError):
            raise
        raise BadFileError(manifest_path, "names no root model", MAKE_AGAIN) from error


def _read(path: Path, largest: int) -> bytes:
    if path.exists() and not path.is_file():
        raise BadFileError(path, "is not a file", MAKE_AGAIN)
    if path.exists() and path.stat().st_size > largest:
        raise BadFileError(path, f"has {path.stat().st_size} bytes, too many", MAKE_AGAIN)
    return read_bytes(path)


def _inside(root: Path, folder: Path, relative: str) -> Path:
    try:
        path = (folder / relative).resolve()
        inside = path.is_relative_to(root.resolve())
    except (OSError, ValueError, RuntimeError) as error:
        raise BadFileError(root, f"'{shown(relative)}' is not a path", MAKE_AGAIN) from error
    if not inside:
        raise BadFileError(root, f"'{shown(relative)}' leaves the package", MAKE_AGAIN)
    return path
