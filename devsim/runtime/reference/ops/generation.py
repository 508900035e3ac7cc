"""Operations that make, pad or mask tensors."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from devsim.runtime.reference.ops.registry import Ints, op


@op("fill", elements=lambda shape, value: math.prod(shape))
def fill(shape: Ints, value: Tensor | None = None) -> Tensor:
    """A tensor of one value."""
    return torch.zeros(shape) if value is None else torch.full(shape, value.item()).to(value.dtype)


@op("fill_like")
def fill_like(ref_tensor: Tensor, value: Tensor | None = None) -> Tensor:
    """A tensor of one value, shaped as another."""
    return fill(tuple(ref_tensor.shape), value)


@op("shape")
def shape(x: Tensor) -> Tensor:
    """The tensor's shape."""
    return torch.tensor(x.shape, dtype=torch.int32)


def _count(end: Tensor, start: Tensor, step: Tensor) -> int:
    return math.ceil((end.item() - start.item()) / step.item())


@op("range_1d", elements=_count)
def range_1d(end: Tensor, start: Tensor, step: Tensor) -> Tensor:
    """Numbers from ``start`` up to, not including, ``end``."""
    return torch.arange(start.item(), end.item(), step.item(), dtype=end.dtype)


@op(
    "one_hot",
    elements=lambda indices, one_hot_vector_size, *_: indices.numel() * one_hot_vector_size,
)
def one_hot(
    indices: Tensor,
    one_hot_vector_size: int,
    axis: int = -1,
    on_value: Tensor | None = None,
    off_value: Tensor | None = None,
) -> Tensor:
    """A new axis that is on at the index and off elsewhere; all off for an index outside."""
    hit = torch.arange(one_hot_vector_size) == indices.long().unsqueeze(-1)
    on = torch.tensor(1) if on_value is None else on_value
    off = torch.tensor(0) if off_value is None else off_value
    return torch.where(hit, on, off).movedim(-1, axis)


@op("non_zero")
def non_zero(x: Tensor) -> Tensor:
    """The index of every element that is not 0: [N, rank]."""
    return torch.nonzero(x)


@op("band_part")
def band_part(x: Tensor, lower: int = -1, upper: int = -1) -> Tensor:
    """Zero outside a band of the innermost matrices; a negative width keeps that whole side."""
    rows = torch.arange(x.shape[-2])[:, None]
    columns = torch.arange(x.shape[-1])
    inside = (lower < 0) | (rows - columns <= lower)
    inside = inside & ((upper < 0) | (columns - rows <= upper))
    return torch.where(inside, x, torch.zeros((), dtype=x.dtype))


@op("cumsum")
def cumsum(x: Tensor, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> Tensor:
    """Running sums along an axis, from either end, with or without the element itself."""
    ordered = x.flip(axis) if reverse else x
    sums = torch.cumsum(ordered, axis)
    if exclusive:
        sums = sums - ordered
    return sums.flip(axis) if reverse else sums


def _padded_elements(x: Tensor, pad: Ints, *_: object) -> int:
    return math.prod(size + before + after for size, before, after in _pairs(x, pad))


@op("pad", elements=_padded_elements)
def pad(x: Tensor, pad: Ints, mode: str = "constant", constant_val: float = 0.0) -> Tensor:
    """The last dimensions padded with a value, the mirrored inside, or the edge."""
    if mode == "constant":
        return F.pad(
            x, [n for _, *pair in reversed(_pairs(x, pad)) for n in pair], value=constant_val
        )
    for axis, (size, before, after) in enumerate(_pairs(x, pad)):
        if before or after:
            place = torch.arange(-before, size + after)
            x = x.index_select(
                axis, _reflected(place, size) if mode == "reflect" else place.clamp(0, size - 1)
            )
    return x


def _pairs(x: Tensor, pad: Ints) -> list[tuple[int, int, int]]:
    """The size, the padding before and the padding after of every dimension."""
    whole = (0,) * (2 * x.dim() - len(pad)) + pad
    return list(zip(x.shape, whole[::2], whole[1::2], strict=True))


def _reflected(place: Tensor, size: int) -> Tensor:
    if bool((place <= -size).any()) or bool((place > 2 * (size - 1)).any()):
        raise ValueError("a reflection is longer than its dimension")
    return (size - 1) - ((size - 1) - place.abs()).abs()
