"""Pictures as arrays: pixels, as PIL lays them out, and the planes that a program computes with.

Pixels of a color picture are ``(height, width, 3)`` of uint8 in the order red, green, blue,
whatever order the model's program has; those of a gray one are ``(height, width)`` of uint8 or
float16. Planes are ``(1, channels, height, width)`` in the program's order.
"""

import numpy as np

from devsim.runtime.protocol import Array, Color

_PLANES_RANK = 4


def channels(color: Color) -> int:
    """How many planes a picture has."""
    return 3 if color in ("rgb", "bgr") else 1


def pixel_dtype(color: Color) -> str:
    """What numpy calls the type of a pixel's values."""
    return "float16" if color == "gray float16" else "uint8"


def to_planes(pixels: Array, color: Color) -> Array:
    """The planes of a picture."""
    if channels(color) == 1:
        return pixels[np.newaxis, np.newaxis]
    ordered: Array = pixels if color == "rgb" else pixels[..., ::-1]
    planes: Array = ordered.transpose(2, 0, 1)[np.newaxis]
    return planes


def to_pixels(array: Array, color: Color) -> Array:
    """The pixels of a picture given as planes, of the values it has; anything else as it is."""
    if array.ndim != _PLANES_RANK or array.shape[:2] != (1, channels(color)):
        return array
    ordered: Array = array[0, ::-1] if color == "bgr" else array[0]
    return ordered[0] if channels(color) == 1 else ordered.transpose(1, 2, 0)


def rounded_pixels(planes: Array, color: Color) -> Array:
    """The picture that a model gives of the planes that its program computes.

    Values of 8 bits are rounded, and held between 0 and 255; what is not a number is 0.
    """
    pixels: Array = to_pixels(planes, color)
    if color != "gray float16" and pixels.dtype.kind == "f":
        pixels = np.rint(np.clip(np.nan_to_num(pixels, nan=0.0), 0, 255))
    return np.ascontiguousarray(pixels, dtype=pixel_dtype(color))
