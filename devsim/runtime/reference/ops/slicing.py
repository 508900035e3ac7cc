"""Slices: read and written."""

from typing import Any

import torch
from torch import Tensor

from devsim.runtime.reference.ops.registry import Bools, Ints, op


@op("slice_by_index")
def slice_by_index(
    x: Tensor,
    begin: Ints,
    end: Ints,
    stride: Ints | None = None,
    begin_mask: Bools | None = None,
    end_mask: Bools | None = None,
    squeeze_mask: Bools | None = None,
) -> Tensor:
    """``x[begin:end:stride]`` in every dimension, as numpy would.

    A begin or end whose mask is set is ignored; a dimension whose squeeze mask is set is indexed
    at its begin and dropped.
    """
    return _sliced(x, _slices(x.dim(), begin, end, stride, begin_mask, end_mask, squeeze_mask))


@op("slice_by_size")
def slice_by_size(x: Tensor, begin: Ints, size: Ints) -> Tensor:
    """So many elements from each begin; -1 takes the rest."""
    for axis, (start, count) in enumerate(zip(begin, size, strict=True)):
        start = start + x.shape[axis] if start < 0 else start
        x = x.narrow(axis, start, x.shape[axis] - start if count == -1 else count)
    return x


@op("crop")
def crop(x: Tensor, crop_height: Ints, crop_width: Ints) -> Tensor:
    """An image without so many rows and columns at either side."""
    (top, bottom), (left, right) = crop_height, crop_width
    return x[:, :, top : x.shape[2] - bottom, left : x.shape[3] - right]


@op("slice_update")
def slice_update(
    x: Tensor,
    update: Tensor,
    begin: Ints,
    end: Ints,
    stride: Ints | None = None,
    begin_mask: Bools | None = None,
    end_mask: Bools | None = None,
    squeeze_mask: Bools | None = None,
) -> Tensor:
    """``x`` with the slice that ``slice_by_index`` would read replaced."""
    slices = _slices(x.dim(), begin, end, stride, begin_mask, end_mask, squeeze_mask)
    places = _sliced(torch.arange(x.numel()).reshape(x.shape), slices)
    result = x.clone(memory_format=torch.contiguous_format)
    result.view(-1)[places.reshape(-1)] = update.expand(places.shape).reshape(-1)
    return result


def _slices(
    rank: int,
    begin: Ints,
    end: Ints,
    stride: Ints | None,
    begin_mask: Bools | None,
    end_mask: Bools | None,
    squeeze_mask: Bools | None,
) -> list[int | slice]:
    none = (False,) * rank
    steps = stride or (1,) * rank
    fields = (begin, end, steps, begin_mask or none, end_mask or none, squeeze_mask or none)
    if any(len(field) != rank for field in fields):
        raise ValueError(f"a slice of {rank} dimensions needs as many values")
    return [
        (0 if no_start else start)
        if drop
        else slice(None if no_start else start, None if no_stop else stop, step)
        for start, stop, step, no_start, no_stop, drop in zip(*fields, strict=True)
    ]


def _sliced(x: Tensor, slices: list[int | slice]) -> Tensor:
    index: list[Any] = list(slices)
    for axis, part in enumerate(slices):
        if isinstance(part, slice) and part.step < 0:
            x = x.index_select(axis, torch.tensor(range(*part.indices(x.shape[axis]))).long())
            index[axis] = slice(None)
    return x[tuple(index)]
