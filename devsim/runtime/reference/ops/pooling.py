"""Pools of one to three spatial dimensions."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from devsim.runtime.reference.ops.registry import Ints, op
from devsim.runtime.reference.ops.spatial import padded, spatial_pads, symmetric

_MAX = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
_AVERAGE = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


@op("max_pool")
def max_pool(
    x: Tensor,
    kernel_sizes: Ints,
    pad_type: str,
    strides: Ints | None = None,
    pad: Ints | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """The largest of every window."""
    strides = strides or (1,) * len(kernel_sizes)
    pads = spatial_pads(pad_type, pad, x.shape[2:], kernel_sizes, strides)
    own = _own_padding(pads, kernel_sizes)
    if own is None:
        x, own = padded(x, pads, -math.inf), (0,) * len(kernel_sizes)
    pool = _MAX[len(kernel_sizes)]
    return pool(x, kernel_sizes, strides, own, ceil_mode=ceil_mode)


@op("avg_pool")
def avg_pool(
    x: Tensor,
    kernel_sizes: Ints,
    pad_type: str,
    strides: Ints | None = None,
    pad: Ints | None = None,
    exclude_padding_from_average: bool = False,
    ceil_mode: bool = False,
) -> Tensor:
    """The mean of every window, with or without the padding in it."""
    strides = strides or (1,) * len(kernel_sizes)
    pads = spatial_pads(pad_type, pad, x.shape[2:], kernel_sizes, strides)
    pool = _AVERAGE[len(kernel_sizes)]
    x = _computable(x)
    own = _own_padding(pads, kernel_sizes)
    if own is not None:
        return pool(x, kernel_sizes, strides, own, ceil_mode, not exclude_padding_from_average)
    mean = pool(padded(x, pads), kernel_sizes, strides, 0, ceil_mode)
    if not exclude_padding_from_average:
        return mean
    inside = padded(torch.ones_like(x[:1, :1]), pads)
    return mean / pool(inside, kernel_sizes, strides, 0, ceil_mode)


@op("l2_pool")
def l2_pool(
    x: Tensor,
    kernel_sizes: Ints,
    pad_type: str,
    strides: Ints | None = None,
    pad: Ints | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """The root of the sum of squares of every window."""
    strides = strides or (1,) * len(kernel_sizes)
    pads = spatial_pads(pad_type, pad, x.shape[2:], kernel_sizes, strides)
    pool = _AVERAGE[len(kernel_sizes)]
    mean = pool(padded(torch.square(_computable(x)), pads), kernel_sizes, strides, 0, ceil_mode)
    return torch.sqrt(mean * math.prod(kernel_sizes))


def _own_padding(pads: list[tuple[int, int]], kernel: Ints) -> Ints | None:
    """What torch pads itself: the same on both sides and at most half the window."""
    own = symmetric(pads)
    if own is None or any(2 * amount > size for amount, size in zip(own, kernel, strict=True)):
        return None
    return own


def _computable(x: Tensor) -> Tensor:
    """Torch has no average in three dimensions of float16."""
    return x.float() if x.dim() == 5 else x
