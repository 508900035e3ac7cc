"""Scatters: elements and slices written, or combined with what is there, by index."""

import math

import torch
from torch import Tensor

from devsim.runtime.reference.ops.gathering import from_start
from devsim.runtime.reference.ops.registry import op

_REDUCE = {
    "add": "sum", "sub": "sum", "mul": "prod", "div": "prod", "max": "amax", "min": "amin",
}  # fmt: skip


@op("scatter")
def scatter(
    data: Tensor,
    indices: Tensor,
    updates: Tensor,
    axis: int = 0,
    mode: str = "add",
    validate_indices: bool = False,
) -> Tensor:
    """Slices along an axis; the dimensions of ``indices`` take the axis's place in ``updates``."""
    axis %= data.dim()
    places = from_start(indices, data.shape[axis], validate_indices).reshape(-1)
    flat = updates.reshape(*data.shape[:axis], places.numel(), *data.shape[axis + 1 :])
    along = places.reshape(-1, *[1] * (data.dim() - 1 - axis)).expand(flat.shape)
    return _combine(data, along, flat, axis, mode)


@op("scatter_along_axis")
def scatter_along_axis(
    data: Tensor,
    indices: Tensor,
    updates: Tensor,
    axis: int = 0,
    mode: str = "add",
    validate_indices: bool = False,
) -> Tensor:
    """Element by element along an axis."""
    return _combine(
        data, from_start(indices, data.shape[axis], validate_indices), updates, axis, mode
    )


@op("scatter_nd")
def scatter_nd(
    data: Tensor,
    indices: Tensor,
    updates: Tensor,
    mode: str = "add",
    validate_indices: bool = False,
) -> Tensor:
    """Slices at the index tuples in the last dimension of ``indices``."""
    depth = indices.shape[-1]
    leading = data.shape[:depth]
    places = torch.zeros(indices.shape[:-1], dtype=torch.long)
    for i, size in enumerate(leading):
        column = from_start(indices[..., i], size, validate_indices)
        if bool(((column < 0) | (column >= size)).any()):
            raise IndexError(f"an index is outside dimension {i} of {size}")
        places = places * size + column
    table = data.reshape(math.prod(leading), -1)
    flat = updates.reshape(places.numel(), table.shape[1])
    along = places.reshape(-1, 1).expand(flat.shape)
    return _combine(table, along, flat, 0, mode).reshape(data.shape)


def _combine(data: Tensor, places: Tensor, updates: Tensor, axis: int, mode: str) -> Tensor:
    if mode == "update":
        return data.scatter(axis, places, updates)
    if mode == "sub":
        updates = -updates
    if mode == "div":
        updates = updates.reciprocal()
    return data.scatter_reduce(axis, places, updates, _REDUCE[mode], include_self=True)
