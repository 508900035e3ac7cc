"""Operations that join, split and repeat tensors."""

import math

import torch
from torch import Tensor

from devsim.runtime.reference.ops.registry import Ints, Tensors, op


@op("concat")
def concat(values: Tensors, axis: int, interleave: bool = False) -> Tensor:
    """Tensors one after another along an axis, or taking turns along it; scalars make a vector."""
    values = tuple(value.reshape(1) if value.dim() == 0 else value for value in values)
    if not interleave:
        return torch.cat(values, axis)
    axis %= values[0].dim()
    return torch.stack(values, axis + 1).flatten(axis, axis + 1)


@op("stack")
def stack(values: Tensors, axis: int) -> Tensor:
    """Tensors along a new axis."""
    return torch.stack(values, axis)


@op("split")
def split(
    x: Tensor, axis: int, num_splits: int | None = None, split_sizes: Ints | None = None
) -> Tensor | Tensors:
    """Parts of the given sizes, or so many equal ones."""
    if split_sizes is None:
        if not num_splits or x.shape[axis] % num_splits:
            raise ValueError(f"{x.shape[axis]} does not split into {num_splits}")
        split_sizes = (x.shape[axis] // num_splits,) * num_splits
    parts = torch.split(x, list(split_sizes), axis)
    return parts if len(parts) > 1 else parts[0]


@op("tile", elements=lambda x, reps: x.numel() * math.prod(reps))
def tile(x: Tensor, reps: Ints) -> Tensor:
    """The tensor repeated along every dimension."""
    return x.repeat(reps)
