"""Scatters: elements and slices written, or combined with what is there, by index.

Up to iOS 16, without ``validate_indices``, a negative index counts from the end, and one outside
is an error. From iOS 17 on, where ``validate_indices`` does not make both an error, what happens is
not defined but safe: here what lies outside is left out, and so are the negative indices of
``scatter``; those of the other two count from the end, as coremltools itself computes them.
"""

import math

import torch
from torch import Tensor

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
    validate_indices: bool | None = None,
) -> Tensor:
    """Slices along an axis; the dimensions of ``indices`` take the axis's place in ``updates``."""
    axis %= data.dim()
    places = _places(indices, data.shape[axis], validate_indices, validate_indices is None)
    places = places.reshape(-1)
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
    validate_indices: bool | None = None,
) -> Tensor:
    """Element by element along an axis."""
    axis %= data.dim()
    places = _places(indices, data.shape[axis], validate_indices, not validate_indices)
    return _combine(data, places, updates, axis, mode)


@op("scatter_nd")
def scatter_nd(
    data: Tensor,
    indices: Tensor,
    updates: Tensor,
    mode: str = "add",
    validate_indices: bool | None = None,
) -> Tensor:
    """Slices at the index tuples in the last dimension of ``indices``."""
    depth = indices.shape[-1]
    leading = data.shape[:depth]
    rows = math.prod(leading)
    places = torch.zeros(indices.shape[:-1], dtype=torch.long)
    outside = torch.zeros(indices.shape[:-1], dtype=torch.bool)
    for i, size in enumerate(leading):
        column = _places(indices[..., i], size, validate_indices, not validate_indices)
        outside |= column == size
        places = places * size + column
    places = torch.where(outside, rows, places)
    table = data.reshape(rows, -1)
    flat = updates.reshape(places.numel(), table.shape[1])
    along = places.reshape(-1, 1).expand(flat.shape)
    return _combine(table, along, flat, 0, mode).reshape(data.shape)


def _places(indices: Tensor, size: int, validate: bool | None, backwards: bool) -> Tensor:
    """Indices from the start of a dimension; what is to be left out gets the place after its end.

    Args:
        indices: any integers.
        size: of the dimension.
        validate: whether one outside is an error, as it is too where nothing is said.
        backwards: whether a negative one counts from the end.

    Raises:
        IndexError: one is outside, where that is an error.
    """
    wide = indices.long()
    if backwards:
        wide = torch.where(wide < 0, wide + size, wide)
    outside = (wide < 0) | (wide >= size)
    if validate is not False and bool(outside.any()):
        raise IndexError(f"an index is outside a dimension of {size}")
    return torch.where(outside, size, wide)


def _combine(data: Tensor, places: Tensor, updates: Tensor, axis: int, mode: str) -> Tensor:
    size = data.shape[axis]
    if bool((places == size).any()):
        spare = data.new_zeros((*data.shape[:axis], 1, *data.shape[axis + 1 :]))
        whole = torch.cat((data, spare), axis)
        return _combined(whole, places, updates, axis, mode).narrow(axis, 0, size)
    return _combined(data, places, updates, axis, mode)


def _combined(data: Tensor, places: Tensor, updates: Tensor, axis: int, mode: str) -> Tensor:
    if mode == "update":
        return data.scatter(axis, places, updates)
    if mode == "sub":
        updates = -updates
    if mode == "div":
        updates = updates.reciprocal()
    return data.scatter_reduce(axis, places, updates, _REDUCE[mode], include_self=True)
