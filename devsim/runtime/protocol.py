"""What every runtime does with one package; ``reference``, ``coreml`` and ``device`` share it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]
Tensors = Mapping[str, Array]


Choice = tuple[tuple[int, int | None], ...]
"""Shapes by the smallest and the largest size of each dimension; None where there is no largest."""


Color = Literal["rgb", "bgr", "gray", "gray float16"]
"""What a picture's planes are to the program, in order; see ``devsim.runtime.images``."""

Label = str | int


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """An input or output of a package.

    Attributes:
        name: its name.
        shape: its shape; of a flexible input the default one. A dimension of an output that
            depends on the inputs is -1. Of a picture, the shape of its pixels.
        dtype: numpy's name of its type; ``str`` for a class label that is text.
        choices: what a flexible input takes: a shape that any of these admits, a list of shapes
            or a single choice of ranges. Empty when only ``shape`` will do.
        color: of a picture, what its planes are; None for other arrays.
        default: what every element of an optional input is where it is not given; None for an
            input that must be given.
        classes: of a classifier's probabilities, what each of them is of.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    choices: tuple[Choice, ...] = ()
    color: Color | None = None
    default: float | None = None
    classes: tuple[Label, ...] = ()

    @property
    def enumerated(self) -> bool:
        """Whether it takes the shapes of a list."""
        return len(self.choices) > 1

    @property
    def ranged(self) -> bool:
        """Whether it takes any size of a range."""
        return any(low != high for choice in self.choices for low, high in choice)

    def admits(self, shape: tuple[int, ...]) -> bool:
        """Whether an array of this shape may be given."""
        if not self.choices:
            return shape == self.shape
        return any(
            len(choice) == len(shape)
            and all(
                low <= size and (high is None or size <= high)
                for size, (low, high) in zip(shape, choice, strict=True)
            )
            for choice in self.choices
        )


class LoadedPackage(Protocol):
    """A package in memory, ready to predict.

    A package with states keeps them from one predict to the next; every load of it starts with
    its own, of zeros.
    """

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """What ``predict`` takes."""

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """What ``predict`` returns."""

    @property
    def resident_bytes(self) -> int:
        """Bytes of the process's footprint that the package accounts for while it stays loaded.

        As iOS counts: anonymous memory, such as states and weights that were read, and not the
        clean pages of weights that are mapped from their file.
        """

    def predict(self, tensors: Tensors) -> dict[str, Array]:
        """Compute every output; releases the GIL while it computes.

        Inputs are taken as coremltools takes them, see ``devsim.runtime.inputs``. An output that
        is a picture comes as its pixels, a class label as an array of one, and a classifier's
        probabilities in the order of the output's ``classes``.

        Raises:
            BadInputError: an input is missing, or has values that its dtype does not hold or a
                shape that is not admitted; or the package's loops do not end.
        """

    def unload(self) -> None:
        """Give the memory back to the system before returning; the package cannot be used again."""


class Runtime(Protocol):
    """Loads packages. Loads and predicts of different packages may run on different threads."""

    @property
    def name(self) -> str:
        """The name on the command line."""

    def load(self, package: Path, function: str | None = None) -> LoadedPackage:
        """Load a package: cold the first time in this process, cached afterwards.

        Args:
            package: its folder.
            function: which of its functions will predict; None for its default one.

        Raises:
            BadInputError: it has no such function.
            BadFileError: the package is missing, truncated or not an ML program.
            UnsupportedOperationError: the runtime does not know one of its operations.
        """

    def forget(self, package: Path) -> None:
        """Drop what makes later loads of the package cached, so that the next one is cold."""
