"""Reductions: over some axes, or over all of them when none are named."""

import torch
from torch import Tensor

from devsim.runtime.reference.ops.registry import Ints, op


@op("reduce_sum")
def reduce_sum(x: Tensor, axes: Ints | None = None, keep_dims: bool = False) -> Tensor:
    """The sum."""
    return torch.sum(x, _axes(x, axes), keep_dims)


@op("reduce_mean")
def reduce_mean(x: Tensor, axes: Ints | None = None, keep_dims: bool = False) -> Tensor:
    """The mean."""
    return torch.mean(x if x.is_floating_point() else x.double(), _axes(x, axes), keep_dims)


@op("reduce_max")
def reduce_max(x: Tensor, axes: Ints | None = None, keep_dims: bool = False) -> Tensor:
    """The largest."""
    return torch.amax(x, _axes(x, axes), keep_dims)


@op("reduce_min")
def reduce_min(x: Tensor, axes: Ints | None = None, keep_dims: bool = False) -> Tensor:
    """The smallest."""
    return torch.amin(x, _axes(x, axes), keep_dims)


@op("reduce_prod")
def reduce_prod(x: Tensor, axes: Ints | None = None, keep_dims: bool = False) -> Tensor:
    """The product."""
    reduced = _axes(x, axes)
    for axis in reduced:
        x = torch.prod(x, axis, keepdim=True)
    return x if keep_dims else x.squeeze(reduced)


@op("reduce_sum_square")
def reduce_sum_square(x: Tensor, axes: Ints | None = None, keep_dims: bool = False) -> Tensor:
    """The sum of squares."""
    return torch.sum(torch.square(x), _axes(x, axes), keep_dims)


@op("reduce_l1_norm")
def reduce_l1_norm(x: Tensor, axes: Ints | None = None, keep_dims: bool = False) -> Tensor:
    """The sum of magnitudes."""
    return torch.sum(torch.abs(x), _axes(x, axes), keep_dims)


@op("reduce_l2_norm")
def reduce_l2_norm(x: Tensor, axes: Ints | None = None, keep_dims: bool = False) -> Tensor:
    """The root of the sum of squares."""
    return torch.sqrt(torch.sum(torch.square(x), _axes(x, axes), keep_dims))


@op("reduce_log_sum")
def reduce_log_sum(x: Tensor, axes: Ints | None = None, keep_dims: bool = False) -> Tensor:
    """The logarithm of the sum."""
    return torch.log(torch.sum(x, _axes(x, axes), keep_dims))


@op("reduce_log_sum_exp")
def reduce_log_sum_exp(x: Tensor, axes: Ints | None = None, keep_dims: bool = False) -> Tensor:
    """The logarithm of the sum of exponentials, without overflow."""
    return torch.logsumexp(x, _axes(x, axes), keep_dims)


@op("reduce_argmax")
def reduce_argmax(
    x: Tensor, axis: int = -1, keep_dims: bool = False, output_dtype: str = "int32"
) -> Tensor:
    """Where the largest is; the declared type decides the dtype, not ``output_dtype``."""
    return torch.argmax(x, axis, keep_dims)


@op("reduce_argmin")
def reduce_argmin(
    x: Tensor, axis: int = -1, keep_dims: bool = False, output_dtype: str = "int32"
) -> Tensor:
    """Where the smallest is; the declared type decides the dtype, not ``output_dtype``."""
    return torch.argmin(x, axis, keep_dims)


def _axes(x: Tensor, axes: Ints | None) -> Ints:
    return tuple(range(x.dim())) if axes is None else tuple(axis % x.dim() for axis in axes)
