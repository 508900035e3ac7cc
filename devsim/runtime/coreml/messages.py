"""What a helper process is asked and what it answers, pickled over its pipes."""

from dataclasses import dataclass
from pathlib import Path

from devsim.runtime.coreml.interface import Interface, Interfaces
from devsim.runtime.coreml.units import ComputeUnit
from devsim.runtime.protocol import Array


@dataclass(frozen=True, slots=True)
class Describe:
    """Answered by Described."""

    package: Path


@dataclass(frozen=True, slots=True)
class Compile:
    """Answered by Compiled."""

    package: Path
    destination: Path


@dataclass(frozen=True, slots=True)
class Load:
    """Answered by Loaded."""

    compiled: Path
    unit: ComputeUnit
    interface: Interface


@dataclass(frozen=True, slots=True)
class Predict:
    """Answered by Predicted."""

    tensors: dict[str, Array]


@dataclass(frozen=True, slots=True)
class Unload:
    """Answered by Unloaded."""


@dataclass(frozen=True, slots=True)
class Described:
    """The interfaces of a package's functions."""

    interfaces: Interfaces


@dataclass(frozen=True, slots=True)
class Compiled:
    """How long compiling took."""

    ns: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """How long the load took, and how far it raised the helper's footprint."""

    ns: int
    resident_bytes: int


@dataclass(frozen=True, slots=True)
class Predicted:
    """The outputs."""

    tensors: dict[str, Array]


@dataclass(frozen=True, slots=True)
class Unloaded:
    """The model is gone."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Core ML or coremltools said no; any request may be answered so."""

    reason: str


Request = Describe | Compile | Load | Predict | Unload
Answer = Described | Compiled | Loaded | Predicted | Unloaded | Failed
