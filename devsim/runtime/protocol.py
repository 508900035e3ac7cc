"""What every runtime does with one package; ``reference``, ``coreml`` and ``device`` share it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]
Tensors = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """An input or output of a package: its name, shape and numpy dtype name."""

    name: str
    shape: tuple[int, ...]
    dtype: str


class LoadedPackage(Protocol):
    """A package in memory, ready to predict."""

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """What ``predict`` takes."""

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """What ``predict`` returns."""

    @property
    def resident_bytes(self) -> int:
        """Bytes the package holds while it stays loaded."""

    def predict(self, tensors: Tensors) -> dict[str, Array]:
        """Compute every output; releases the GIL while it computes.

        Raises:
            BadInputError: an input is missing, or has another shape or dtype than declared.
        """

    def unload(self) -> None:
        """Give the memory back to the system before returning; the package cannot be used again."""


class Runtime(Protocol):
    """Loads packages. Loads and predicts of different packages may run on different threads."""

    @property
    def name(self) -> str:
        """The name on the command line."""

    def load(self, package: Path) -> LoadedPackage:
        """Load a package: cold the first time in this process, cached afterwards.

        Raises:
            BadFileError: the package is missing, truncated or not an ML program.
            UnsupportedOperationError: the runtime does not know one of its operations.
        """

    def forget(self, package: Path) -> None:
        """Drop what makes later loads of the package cached, so that the next one is cold."""
