"""The MIL operations the reference runtime knows, one module a family.

To add one, write a function in the module of its family and register it with ``op``; see
``registry``. Semantics follow coremltools' definitions (``converters/mil/mil/ops/defs``).
"""

from devsim.runtime.reference.ops import (
    activation,
    casting,
    compressed,
    convolution,
    detection,
    elementwise,
    gathering,
    generation,
    joining,
    linear,
    normalization,
    pooling,
    reduction,
    reshaping,
    resizing,
    sampling,
    scattering,
    slicing,
    sorting,
)
from devsim.runtime.reference.ops.registry import OPERATIONS

FAMILIES = (
    activation,
    casting,
    compressed,
    convolution,
    detection,
    elementwise,
    gathering,
    generation,
    joining,
    linear,
    normalization,
    pooling,
    reduction,
    reshaping,
    resizing,
    sampling,
    scattering,
    slicing,
    sorting,
)
"""The modules that register operations when they are imported."""

__all__ = ["FAMILIES", "OPERATIONS"]
