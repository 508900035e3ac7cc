"""The MIL operations the reference runtime knows, one module a family.

To add one, write a function in the module of its family and register it with ``op``; see
``registry``. Semantics follow coremltools' definitions (``converters/mil/mil/ops/defs``).
"""

from devsim.runtime.reference.ops import (
    activation,
    casting,
    classifying,
    compressed,
    convolution,
    detection,
    elementwise,
    gathering,
    generation,
    joining,
    linear,
    lists,
    normalization,
    pooling,
    random,
    recurrent,
    reduction,
    reshaping,
    resizing,
    sampling,
    scattering,
    slicing,
    sorting,
    states,
)
from devsim.runtime.reference.ops.registry import OPERATIONS

FAMILIES = (
    activation,
    casting,
    classifying,
    compressed,
    convolution,
    detection,
    elementwise,
    gathering,
    generation,
    joining,
    linear,
    lists,
    normalization,
    pooling,
    random,
    recurrent,
    reduction,
    reshaping,
    resizing,
    sampling,
    scattering,
    slicing,
    sorting,
    states,
)
"""The modules that register operations when they are imported."""

__all__ = ["FAMILIES", "OPERATIONS"]
