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
    mean, variance = mean.to(x.dtype), variance.to(x.dtype)
    return F.batch_norm(x, mean, variance, _as(gamma, x), _as(beta, x), eps=epsilon)


@op("instance_norm")
def instance_norm(
    x: Tensor, gamma: Tensor | None = None, beta: Tensor | None = None, epsilon: float = 1e-5
) -> Tensor:
    """Every channel of every batch element normalised over space."""
    # As a group norm of one channel a group, which also takes a space of one element.
    return F.group_norm(x, x.shape[1], _as(gamma, x), _as(beta, x), epsilon)


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
    squares = torch.square(x.float()).movedim(1, -1)
    around = F.pad(squares, (size // 2, (size - 1) // 2)).unfold(-1, size, 1)
    total = around.sum(-1).movedim(-1, 1)
    return x.float() / (k + alpha / size * total) ** beta


def _as(parameter: Tensor | None, x: Tensor) -> Tensor | None:
    """A parameter in the dtype of what it normalises; from iOS 17 on it may have another."""
    return None if parameter is None else parameter.to(x.dtype)
