"""Between arrays and what coremltools hands to Core ML and takes from it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from devsim.runtime.images import channels
from devsim.runtime.protocol import Array, TensorSpec

Value = Any
"""An array, a PIL picture, a class label, or a dictionary of probabilities."""


def to_coreml(array: Array, spec: TensorSpec) -> Value:
    """An input as ``MLModel.predict`` takes it: a picture as PIL's, in the mode of its colors.

    Raises:
        ModuleNotFoundError: it is a picture, and pillow is not installed.
    """
    if spec.color is None:
        return array
    from PIL import Image

    wide = array.astype(np.float32) if spec.color == "gray float16" else array
    return Image.fromarray(np.ascontiguousarray(wide))


def from_coreml(value: Value, spec: TensorSpec) -> Array:
    """An output of ``MLModel.predict`` as the specification says it."""
    if spec.color is not None:
        pixels = np.asarray(value)
        # Core ML gives colors with a fourth channel that means nothing.
        pixels = pixels[..., :3] if channels(spec.color) == 3 else pixels
        return np.ascontiguousarray(pixels, dtype=spec.dtype)
    if spec.classes and isinstance(value, Mapping):
        value = [value[label] for label in spec.classes]
    return np.ascontiguousarray(value, dtype=spec.dtype).reshape(np.shape(value))
