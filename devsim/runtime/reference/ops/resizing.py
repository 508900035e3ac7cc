"""Resizing of the last dimensions by nearest or linear interpolation."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from devsim.runtime.reference.ops.registry import Ints, op


def _resized_elements(x: Tensor, height: float, width: float, *_: object) -> int:
    return math.prod(x.shape[:-2]) * int(height) * int(width)


def _upsampled_elements(x: Tensor, high: float = 1, wide: float = 1, *_: object) -> int:
    return _resized_elements(x, x.shape[-2] * high, x.shape[-1] * wide)


@op("upsample_nearest_neighbor", elements=_upsampled_elements)
def upsample_nearest_neighbor(
    x: Tensor, scale_factor_height: float = 1, scale_factor_width: float = 1
) -> Tensor:
    """Larger by these factors; every element the nearest below."""
    sizes = _scaled(x, scale_factor_height, scale_factor_width)
    return _interpolated(x, sizes, "DEFAULT", torch.floor)


@op("resize_nearest_neighbor", elements=_resized_elements)
def resize_nearest_neighbor(x: Tensor, target_size_height: int, target_size_width: int) -> Tensor:
    """Of this size; every element the nearest below."""
    return _interpolated(x, (target_size_height, target_size_width), "DEFAULT", torch.floor)


@op("upsample_bilinear", elements=_upsampled_elements)
def upsample_bilinear(
    x: Tensor,
    scale_factor_height: float = 1,
    scale_factor_width: float = 1,
    align_corners: bool = True,
    half_pixel_centers: bool | None = None,
) -> Tensor:
    """Larger by these factors, linear in between; the factor follows from the rounded size."""
    centred = not align_corners if half_pixel_centers is None else half_pixel_centers
    mode = "ALIGN_CORNERS" if align_corners else "UNALIGN_CORNERS" if centred else "DEFAULT"
    sizes = _scaled(x, scale_factor_height, scale_factor_width)
    return _interpolated(x, sizes, mode)


@op("resize_bilinear", elements=_resized_elements)
def resize_bilinear(
    x: Tensor,
    target_size_height: int = 1,
    target_size_width: int = 1,
    sampling_mode: str = "DEFAULT",
) -> Tensor:
    """Of this size, linear in between."""
    return _interpolated(x, (target_size_height, target_size_width), sampling_mode)


def _target(x: Tensor, shape: Ints, resized_dims: int) -> Ints:
    wanted = shape[len(shape) - resized_dims :]
    own = x.shape[x.dim() - resized_dims :]
    return tuple(size or mine for size, mine in zip(wanted, own, strict=True))


@op(
    "resize",
    elements=lambda x, shape, resized_dims, *_: (
        math.prod(x.shape[: x.dim() - resized_dims]) * math.prod(_target(x, shape, resized_dims))
    ),
)
def resize(
    x: Tensor,
    shape: Ints,
    resized_dims: int,
    interpolation_mode: str = "LINEAR",
    sampling_mode: str = "DEFAULT",
) -> Tensor:
    """The last ``resized_dims`` dimensions of another size; 0 keeps a dimension."""
    nearest = {"LINEAR": None, "NEAREST_NEIGHBOR": _rounded}[interpolation_mode]
    return _interpolated(x, _target(x, shape, resized_dims), sampling_mode, nearest)


def _scaled(x: Tensor, high: float, wide: float) -> Ints:
    return math.floor(x.shape[-2] * high), math.floor(x.shape[-1] * wide)


def _rounded(points: Tensor) -> Tensor:
    return (points + 0.5).floor()


def _interpolated(
    x: Tensor, sizes: Ints, mode: str, nearest: Callable[[Tensor], Tensor] | None = None
) -> Tensor:
    """Linear, or with the element that ``nearest`` makes of each place."""
    for axis, size in enumerate(sizes, start=x.dim() - len(sizes)):
        if size == x.shape[axis]:
            continue
        points = grid(x.shape[axis], size, mode)
        below = (points.floor() if nearest is None else nearest(points)).long()
        lower = x.index_select(axis, below)
        if nearest is None:
            upper = x.index_select(axis, (below + 1).clamp(max=x.shape[axis] - 1))
            share = (points - below).to(x.dtype).reshape(-1, *[1] * (x.dim() - 1 - axis))
            lower = torch.lerp(lower, upper, share.expand(lower.shape))
        x = lower
    return x


def grid(size: float, target: int, mode: str) -> Tensor:
    """Where each element of the result lies in the input; modes as ``resize_bilinear`` has them."""
    place = torch.arange(target, dtype=torch.float64)
    ratio = size / target
    if mode in ("ALIGN_CORNERS", "STRICT_ALIGN_CORNERS"):
        if target == 1:
            return torch.full((1,), (size - 1) / 2 if mode == "ALIGN_CORNERS" else 0.0).double()
        points = place * (size - 1) / (target - 1)
    elif mode == "DEFAULT":
        points = place * ratio
    elif mode == "OFFSET_CORNERS":
        points = (place + 0.5) * max(1, size - 1) / target
    elif mode == "UNALIGN_CORNERS":
        points = (place + 0.5) * ratio - 0.5
    else:
        raise ValueError(f"there is no sampling mode '{mode}'")
    return points.clamp(0, size - 1)
