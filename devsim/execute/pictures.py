"""Pictures from files, as the pixels that a package takes."""

import contextlib
import stat
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from devsim.core.errors import BadFileError, BadInputError, MissingExtraError
from devsim.runtime.inputs import shown_shapes
from devsim.runtime.protocol import Array, Color, TensorSpec

SUFFIXES = (".png", ".jpg", ".jpeg")
_FORMATS = ("PNG", "JPEG")
_MODES: dict[Color, str] = {"rgb": "RGB", "bgr": "RGB", "gray": "L", "gray float16": "F"}
"""PIL's modes, as coremltools wants them."""

_MOST_PIXELS = 1 << 26
"""Where a model takes pictures of any size."""


def read_picture(path: Path, spec: TensorSpec, notes: list[str]) -> Array:
    """Read a PNG or JPEG as the pixels of an input; nothing is decoded before its size is known.

    Args:
        path: the file.
        spec: the input.
        notes: a line is added when the picture has other colors than the input.

    Raises:
        BadFileError: missing, no ordinary file, damaged, or neither PNG nor JPEG.
        BadInputError: the input is not a picture, or not of this size.
        MissingExtraError: pillow is not installed.
    """
    if spec.color is None:
        raise BadInputError(
            f"input '{spec.name}' is not a picture", f"give {spec.dtype} {spec.shape} in an .npz"
        )
    try:
        from PIL import Image, UnidentifiedImageError
    except ModuleNotFoundError as error:
        raise MissingExtraError("a picture as input", "pictures") from error
    _check_regular(path)
    try:
        with _bounded(), Image.open(path, formats=_FORMATS) as picture:
            _check_size(path, picture.size, spec)
            mode = _MODES[spec.color]
            if picture.mode.startswith("I") and mode != "F":
                raise BadInputError(f"{path}: has more than 8 bits a color", "save it with 8")
            if picture.mode != mode:
                notes.append(f"{path}: converted from {picture.mode} to {mode}")
            return np.asarray(picture.convert(mode))
    except UnidentifiedImageError as error:
        raise BadFileError(
            path, "is not a PNG or JPEG", "give a picture of one of these"
        ) from error
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        Warning,
        Image.DecompressionBombError,
    ) as error:
        raise BadFileError(
            path, f"cannot be read as a picture ({error})", "save it again"
        ) from error


@contextlib.contextmanager
def _bounded() -> Iterator[None]:
    """PIL warns of pictures that are much larger than their files before it refuses them."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def _check_regular(path: Path) -> None:
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise BadFileError(path, "no such file", "check the path") from error
    if not stat.S_ISREG(status.st_mode):
        raise BadFileError(path, "is not a file", "give a PNG or JPEG")


def _check_size(path: Path, size: tuple[int, int], spec: TensorSpec) -> None:
    width, height = size
    if not spec.admits((height, width, *spec.shape[2:])):
        raise BadInputError(
            f"{path}: is {height} high and {width} wide",
            f"resize it to a height and width that input '{spec.name}' takes: {shown_shapes(spec)}",
        )
    if height * width > _MOST_PIXELS:
        raise BadInputError(
            f"{path}: has {height * width} pixels", f"give one of at most {_MOST_PIXELS}"
        )
