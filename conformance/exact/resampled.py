"""``resample`` in float64: the image padded as its mode says, read at the coordinates."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def _resample(
    x: Array,
    coordinates: Array,
    sampling_mode: str,
    padding_mode: str,
    padding_value: float,
    coordinates_mode: str,
    align_corners: bool,
) -> Array:
    """Of x [B, C, H, W] at coordinates [B, h, w, 2], width first, to [B, C, h, w]."""
    height, width = x.shape[2:]
    across = _pixels(coordinates[..., 0], width, coordinates_mode, align_corners)
    down = _pixels(coordinates[..., 1], height, coordinates_mode, align_corners)

    def read(row: Array, column: Array) -> Array:
        rows, columns = _ROW[padding_mode](row, height), _ROW[padding_mode](column, width)
        found = np.stack([image[:, r, c] for image, r, c in zip(x, rows, columns, strict=True)])
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        kept = inside | (padding_mode != "constant")
        return np.where(kept[:, np.newaxis], found, padding_value)

    if sampling_mode == "nearest":
        return read(_nearest(down), _nearest(across))
    top, left = np.floor(down).astype(int), np.floor(across).astype(int)
    lower, right = (down - top)[:, np.newaxis], (across - left)[:, np.newaxis]
    upper_row = read(top, left) * (1.0 - right) + read(top, left + 1) * right
    lower_row = read(top + 1, left) * (1.0 - right) + read(top + 1, left + 1) * right
    return {"bilinear": upper_row * (1.0 - lower) + lower_row * lower}[sampling_mode]


def _pixels(coordinates: Array, size: int, mode: str, align_corners: bool) -> Array:
    """Coordinates as pixels, whose centres are whole numbers."""
    if mode == "unnormalized":
        return coordinates.astype(np.float64)
    part = {
        "normalized_zero_to_one": coordinates,
        "normalized_minus_one_to_one": (coordinates + 1.0) / 2.0,
    }[mode]
    return part * (size - 1) if align_corners else part * size - 0.5


def _nearest(pixels: Array) -> Array:
    """Halfway between two pixels it is the second, which the suite's cases need."""
    return np.floor(pixels + 0.5).astype(int)


def _clamped(index: Array, size: int) -> Array:
    return np.clip(index, 0, size - 1)


def _reflected(index: Array, size: int) -> Array:
    """1 2 3 goes on as 2 1 2 3."""
    period = max(2 * (size - 1), 1)
    within = index % period
    return np.minimum(within, period - within)


def _symmetric(index: Array, size: int) -> Array:
    """1 2 3 goes on as 3 2 1 1 2 3."""
    within = index % (2 * size)
    return np.minimum(within, 2 * size - 1 - within)


_ROW: Mapping[str, Callable[[Array, int], Array]] = {
    "constant": _clamped,
    "border": _clamped,
    "reflection": _reflected,
    "symmetric": _symmetric,
}

RESAMPLED: Mapping[str, Callable[..., Array]] = {"resample": _resample}
