"""Compressed weights (``constexpr_*``), decompressed at every predict and dropped after use.

The forms of iOS 16 (packed bytes and a shape) and of iOS 18 (typed tensors) share their names.
"""

import torch
from torch import Tensor

from devsim.runtime.reference.mil_types import DTYPES
from devsim.runtime.reference.ops.casting import along
from devsim.runtime.reference.ops.registry import Ints, op
from devsim.runtime.reference.values import unpack


@op("constexpr_affine_dequantize")
def constexpr_affine_dequantize(
    quantized_data: Tensor, zero_point: Tensor, scale: Tensor, axis: int
) -> Tensor:
    """``scale * (data - zero_point)`` along one axis."""
    shift = along(zero_point, quantized_data, axis).to(scale.dtype)
    return (quantized_data.to(scale.dtype) - shift) * along(scale, quantized_data, axis)


@op("constexpr_cast")
def constexpr_cast(source_val: Tensor, output_dtype: str) -> Tensor:
    """Another dtype."""
    return source_val.to(DTYPES[output_dtype])


@op("constexpr_blockwise_shift_scale")
def constexpr_blockwise_shift_scale(
    data: Tensor, scale: Tensor, offset: Tensor | None = None
) -> Tensor:
    """``scale * (data - offset)``, every scale serving a block of the data."""
    steps = data.to(scale.dtype)
    if offset is not None:
        steps = steps - _blocks(offset, data).to(scale.dtype)
    return steps * _blocks(scale, data)


@op("constexpr_lut_to_dense")
def constexpr_lut_to_dense(
    indices: Tensor, lut: Tensor, shape: Ints | None = None, vector_axis: int | None = None
) -> Tensor:
    """Values looked up in a table.

    Of iOS 16: packed indices, one table, and the shape of the result. Of iOS 18: ``lut`` is
    [*groups, entries, vector]; each group serves a block of the indices, and the elements of a
    vector lie along ``vector_axis``.
    """
    if shape is not None:
        bits = (lut.numel() - 1).bit_length()
        return lut[unpack(indices, bits, False, shape).long()]
    entries, width = lut.shape[-2:]
    table = torch.arange(lut.numel() // (entries * width)).reshape(lut.shape[:-2])
    place = _blocks(table, indices) * entries + indices.long()
    values = lut.reshape(-1, width)[place]
    if width == 1:
        return values.squeeze(-1)
    axis = (vector_axis or 0) % indices.dim()
    return values.movedim(-1, axis + 1).flatten(axis, axis + 1)


@op("constexpr_sparse_to_dense")
def constexpr_sparse_to_dense(
    nonzero_data: Tensor, mask: Tensor, shape: Ints | None = None
) -> Tensor:
    """Values at the places the mask has a bit, zero elsewhere."""
    present = (unpack(mask, 1, False, shape) if shape is not None else mask).bool()
    dense = torch.zeros(present.shape, dtype=nonzero_data.dtype)
    dense[present] = nonzero_data
    return dense


@op("constexpr_lut_to_sparse")
def constexpr_lut_to_sparse(
    indices_mask: Tensor,
    indices_nonzero_data: Tensor,
    lut: Tensor,
    vector_axis: int | None = None,
) -> tuple[Tensor, Tensor]:
    """The mask and the values of sparse data whose values are looked up in a table."""
    indices = constexpr_sparse_to_dense(indices_nonzero_data, indices_mask)
    dense = constexpr_lut_to_dense(indices, lut, None, vector_axis)
    mask = indices_mask
    if lut.shape[-1] > 1:
        mask = mask.repeat_interleave(lut.shape[-1], (vector_axis or 0) % mask.dim())
    return mask, dense[mask.bool()]


@op("constexpr_sparse_blockwise_shift_scale")
def constexpr_sparse_blockwise_shift_scale(
    data_mask: Tensor, nonzero_data: Tensor, scale: Tensor, offset: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The mask and the values of sparse data that is scaled blockwise."""
    data = constexpr_sparse_to_dense(nonzero_data, data_mask)
    dense = constexpr_blockwise_shift_scale(data, scale, offset)
    return data_mask, dense[data_mask.bool()]


def _blocks(parameter: Tensor, x: Tensor) -> Tensor:
    """A parameter of every block, repeated over the elements of its block."""
    for axis, (size, count) in enumerate(zip(x.shape, parameter.shape, strict=True)):
        if size != count:
            parameter = parameter.repeat_interleave(size // count, axis)
    return parameter
