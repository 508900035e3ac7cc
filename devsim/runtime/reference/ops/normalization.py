"""Normalisations."""

import torch
import torch.nn.functional as F
from torch import Tensor

from devsim.runtime.reference.ops.registry import Ints, op


@op("layer_norm")
def layer_norm(
    x: Tensor,
    axes: Ints | None = None,
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    epsilon: float = 1e-5,
) -> Tensor:
    """Zero mean and unit variance over some axes, then scaled and shifted."""
    rank = x.dim()
    over = sorted({axis % rank for axis in axes}) if axes is not None else list(range(rank))
    if over == list(range(rank - len(over), rank)):
        return F.layer_norm(x, x.shape[rank - len(over) :], gamma, beta, epsilon)
    last = list(range(rank - len(over), rank))
    moved = x.movedim(over, last)
    done = F.layer_norm(moved, moved.shape[rank - len(over) :], gamma, beta, epsilon)
    return done.movedim(last, over)


@op("batch_norm")
def batch_norm(
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    epsilon: float = 1e-5,
) -> Tensor:
    """The given mean and variance of every channel taken away."""
    return F.batch_norm(x, mean, variance, gamma, beta, eps=epsilon)


@op("instance_norm")
def instance_norm(
    x: Tensor, gamma: Tensor | None = None, beta: Tensor | None = None, epsilon: float = 1e-5
) -> Tensor:
    """Every channel of every batch element normalised over space."""
    # As a group norm of one channel a group, which also takes a space of one element.
    return F.group_norm(x, x.shape[1], gamma, beta, epsilon)


@op("l2_norm")
def l2_norm(x: Tensor, epsilon: float = 1e-6) -> Tensor:
    """Divided by the root of the sum of squares over the last three dimensions."""
    if x.dim() < 3:
        raise ValueError(f"three dimensions are needed, not {x.dim()}")
    total = torch.sum(torch.square(x), (-3, -2, -1), keepdim=True)
    return x / torch.sqrt(total + epsilon)


@op("local_response_norm")
def local_response_norm(
    x: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """Divided by a power of the mean square over neighbouring channels."""
    return F.local_response_norm(x, size, alpha, beta, k)
