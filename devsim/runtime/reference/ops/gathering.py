"""Gathers: elements and slices picked by index. Negative indices count from the end."""

import math

import torch
from torch import Tensor

from devsim.runtime.reference.ops.registry import op


@op("gather")
def gather(
    x: Tensor,
    indices: Tensor,
    axis: int = 0,
    batch_dims: int = 0,
    validate_indices: bool = False,
) -> Tensor:
    """Slices of ``x`` along an axis; the leading ``batch_dims`` dimensions go in step.

    An index outside is an error whether or not the package asks to validate.
    """
    axis %= x.dim()
    places = from_start(indices, x.shape[axis], validate_indices)
    batch, between, after = x.shape[:batch_dims], x.shape[batch_dims:axis], x.shape[axis + 1 :]
    picked = indices.shape[batch_dims:]
    if not batch_dims:
        flat = x.index_select(axis, places.reshape(-1))
    else:
        rows = math.prod(batch)
        table = x.reshape(rows, math.prod(between), x.shape[axis], math.prod(after))
        places = places.reshape(rows, -1)
        flat = table[torch.arange(rows)[:, None], :, places].transpose(1, 2)
    return flat.reshape((*batch, *between, *picked, *after))


@op("gather_along_axis")
def gather_along_axis(
    x: Tensor, indices: Tensor, axis: int = 0, validate_indices: bool = False
) -> Tensor:
    """Element by element along an axis, as ``numpy.take_along_axis``."""
    return torch.gather(x, axis, from_start(indices, x.shape[axis], validate_indices))


@op("gather_nd")
def gather_nd(
    x: Tensor, indices: Tensor, batch_dims: int = 0, validate_indices: bool = False
) -> Tensor:
    """Slices of ``x`` at the index tuples in the last dimension of ``indices``."""
    batch = indices.shape[:batch_dims]
    depth = indices.shape[-1]
    rows = [
        torch.arange(size).reshape(-1, *[1] * (indices.dim() - 2 - axis))
        for axis, size in enumerate(batch)
    ]
    sizes = x.shape[batch_dims : batch_dims + depth]
    places = [from_start(indices[..., i], size, validate_indices) for i, size in enumerate(sizes)]
    return x[(*rows, *places)]


def from_start(indices: Tensor, size: int, validate: bool = False) -> Tensor:
    """Indices as torch needs them: int64, counted from the start of a dimension of this size.

    Args:
        indices: any integers.
        size: of the dimension they index.
        validate: whether a negative index is an error.
    """
    wide = indices.long()
    if validate and bool(((wide < 0) | (wide >= size)).any()):
        raise IndexError(f"an index is outside a dimension of {size}")
    return torch.where(wide < 0, wide + size, wide)
