"""Casts and linear quantisation."""

import torch
from torch import Tensor

from devsim.runtime.reference.mil_types import DTYPES
from devsim.runtime.reference.ops.registry import op


@op("cast")
def cast(x: Tensor, dtype: str) -> Tensor:
    """Another dtype; from float to integer towards zero."""
    return x.to(DTYPES[dtype])


@op("quantize")
def quantize(
    input: Tensor,
    scale: Tensor,
    output_dtype: str,
    zero_point: Tensor | None = None,
    axis: int | None = None,
) -> Tensor:
    """``clip(round(input / scale) + zero_point)``."""
    dtype = DTYPES[output_dtype]
    limits = torch.iinfo(dtype)
    steps = torch.round(input / along(scale, input, axis))
    if zero_point is not None:
        steps = steps + along(zero_point, input, axis)
    return steps.clamp(limits.min, limits.max).to(dtype)


@op("dequantize")
def dequantize(
    input: Tensor, scale: Tensor, zero_point: Tensor | None = None, axis: int | None = None
) -> Tensor:
    """``scale * (input - zero_point)``."""
    steps = input.to(scale.dtype)
    if zero_point is not None:
        steps = steps - along(zero_point, input, axis).to(scale.dtype)
    return steps * along(scale, input, axis)


def along(parameter: Tensor, x: Tensor, axis: int | None) -> Tensor:
    """A scalar as it is; a vector shaped to lie along one axis of ``x``."""
    if parameter.dim() == 0 or axis is None:
        return parameter
    return parameter.reshape([-1 if i == axis % x.dim() else 1 for i in range(x.dim())])


def alike(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Both in one dtype; from iOS 17 on the factors of a product may differ in theirs."""
    common = torch.promote_types(x.dtype, y.dtype)
    return x.to(common), y.to(common)
