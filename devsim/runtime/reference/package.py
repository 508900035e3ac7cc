"""The files of an ``.mlpackage``: where its program and weights are, and whether they changed."""

import json
import stat
from dataclasses import dataclass
from pathlib import Path

from devsim.core.errors import BadFileError, DevsimError
from devsim.core.files import read_bytes
from devsim.mlpackage.forms import check_folder, check_readable
from devsim.runtime.reference.faults import MalformedError, one_line
from devsim.runtime.reference.proto import Message, parse_model

_CONVERT_AGAIN = "convert the package again"
_MODEL_PATH = "@model_path/"
_LARGEST_MANIFEST = 1 << 20
_LARGEST_SPEC = 2 << 30
"""The most that protobuf reads."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells one state of a file from another without reading it."""

    path: Path
    size: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Package:
    """An opened package.

    Attributes:
        root: its folder.
        files: its manifest and its spec as they were before they were read.
        model_path: the spec's file.
        model: the parsed spec.
    """

    root: Path
    files: tuple[Identity, ...]
    model_path: Path
    model: Message

    def weight_path(self, name: str) -> Path:
        """Where a blob file named in the program is; always inside the package."""
        if not name.startswith(_MODEL_PATH):
            raise BadFileError(self.root, f"weights are in '{one_line(name)}'", _CONVERT_AGAIN)
        return _inside(self.root, self.model_path.parent, name.removeprefix(_MODEL_PATH))


def open_package(root: Path) -> Package:
    """Find and parse the program of a package.

    Raises:
        BadFileError: missing, truncated, or neither an ML program nor a pipeline.
    """
    manifest_path = root / "Manifest.json"
    check_folder(root)
    manifest = identity(manifest_path, _LARGEST_MANIFEST)
    model_path = _model_path(root, manifest_path)
    spec = identity(model_path, _LARGEST_SPEC)
    try:
        model = parse_model(read_bytes(model_path))
    except MalformedError as error:
        raise BadFileError(model_path, str(error), _CONVERT_AGAIN) from error
    check_readable(root, model)
    return Package(root, (manifest, spec), model_path, model)


def identity(path: Path, largest: int | None = None) -> Identity:
    """The state of a file now.

    Args:
        path: the file.
        largest: how many bytes it may have.

    Raises:
        BadFileError: it is not there, is larger, or is no ordinary file.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise BadFileError(path, "no such file", _CONVERT_AGAIN) from error
    if not stat.S_ISREG(status.st_mode):
        raise BadFileError(path, "is not a file", _CONVERT_AGAIN)
    if largest is not None and status.st_size > largest:
        raise BadFileError(path, f"has {status.st_size} bytes, too many", _CONVERT_AGAIN)
    return Identity(path, status.st_size, status.st_mtime_ns)


def _model_path(root: Path, manifest_path: Path) -> Path:
    try:
        manifest = json.loads(read_bytes(manifest_path))
        item = manifest["itemInfoEntries"][manifest["rootModelIdentifier"]]["path"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        if isinstance(error, DevsimError):
            raise
        raise BadFileError(manifest_path, "names no root model", _CONVERT_AGAIN) from error
    if not isinstance(item, str):
        raise BadFileError(manifest_path, "the root model's path is not text", _CONVERT_AGAIN)
    return _inside(root, root / "Data", item)


def _inside(root: Path, folder: Path, relative: str) -> Path:
    try:
        path = (folder / relative).resolve()
        inside = path.is_relative_to(root.resolve())
    except (OSError, ValueError, RuntimeError) as error:
        raise BadFileError(root, f"'{one_line(relative)}' is not a path", _CONVERT_AGAIN) from error
    if not inside:
        raise BadFileError(root, f"'{one_line(relative)}' leaves the package", _CONVERT_AGAIN)
    return path
