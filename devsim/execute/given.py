"""The inputs of a package that are given in files."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from devsim.core.errors import BadInputError
from devsim.core.files import Frozen
from devsim.execute.arrays import read_npz
from devsim.execute.pictures import SUFFIXES, read_picture
from devsim.runtime.inputs import own_name
from devsim.runtime.protocol import Array, TensorSpec


class InputFile(Frozen):
    """A file with inputs: an ``.npz`` of arrays by name, or the picture of one input."""

    path: Path
    name: str | None = None
    """Of the input that is a picture; None for an ``.npz``."""


class Given(NamedTuple):
    """What files held, by the names they have there, and a line on each that was converted."""

    arrays: dict[str, Array]
    notes: list[str]


def parse_input(text: str) -> InputFile:
    """Read an option: ``FILE.npz``, or ``NAME=PICTURE``.

    Raises:
        BadInputError: it is a name and no picture.
    """
    name, equals, path = text.partition("=")
    if not equals or text.endswith(".npz"):
        return InputFile(path=Path(text))
    if not name or Path(path).suffix.lower() not in SUFFIXES:
        raise BadInputError(
            f"--inputs {text}: is not NAME=PICTURE", "give an .npz, or for example image=cat.png"
        )
    return InputFile(path=Path(path), name=name)


def read_inputs(files: Sequence[InputFile], specs: Sequence[TensorSpec]) -> Given:
    """Read what is given.

    Args:
        files: where from.
        specs: what the package takes.

    Raises:
        BadFileError: a file is missing, damaged, or not what it should be.
        BadInputError: an input is given twice, is unknown, or is not a picture of the size given.
    """
    given = Given({}, [])
    for file in files:
        arrays = (
            read_npz(file.path)
            if file.name is None
            else {file.name: _picture(file.path, file.name, specs, given.notes)}
        )
        twice = sorted(given.arrays.keys() & arrays.keys())
        if twice:
            raise BadInputError(f"{file.path}: '{twice[0]}' is given twice", "give it once")
        given.arrays.update(arrays)
    return given


def _picture(path: Path, name: str, specs: Sequence[TensorSpec], notes: list[str]) -> Array:
    own = own_name(name, [spec.name for spec in specs])
    for spec in specs:
        if spec.name == own:
            return read_picture(path, spec, notes)
    names = ", ".join(spec.name for spec in specs)
    raise BadInputError(f"{path}: the package has no input '{name}'", f"its inputs are: {names}")
