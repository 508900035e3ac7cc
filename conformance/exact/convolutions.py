"""Convolutions in float64: the definition, summed over the places of the kernel."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def _conv(
    x: Array,
    weight: Array,
    strides: Sequence[int],
    pad_type: str,
    pad: Sequence[int],
    dilations: Sequence[int],
    groups: int,
    bias: Array | None = None,
) -> Array:
    """Of x [n, C, *D] and weight [O, C / groups, *K] to [n, O, *D_out]."""
    before, after = _padding(pad_type, pad)
    padded = np.pad(x, [(0, 0), (0, 0), *zip(before, after, strict=True)])
    kernel = weight.shape[2:]
    sizes = [
        (size - (taps - 1) * dilation - 1) // stride + 1
        for size, taps, dilation, stride in zip(
            padded.shape[2:], kernel, dilations, strides, strict=True
        )
    ]
    grouped = padded.reshape(len(x), groups, -1, *padded.shape[2:])
    filters = weight.reshape(groups, -1, *weight.shape[1:])
    result = np.zeros((len(x), groups, filters.shape[1], *sizes))
    for tap, reached in _taps(kernel, sizes, strides, dilations):
        seen = grouped[(..., *reached)]
        result += np.einsum("ngc...,goc->ngo...", seen, filters[(..., *tap)])
    return _with_bias(result.reshape(len(x), -1, *sizes), bias)


def _conv_transpose(
    x: Array,
    weight: Array,
    strides: Sequence[int],
    pad_type: str,
    pad: Sequence[int],
    dilations: Sequence[int],
    groups: int,
    bias: Array | None = None,
    output_shape: Sequence[int] | None = None,
) -> Array:
    """Of x [n, C, *D] and weight [C, O / groups, *K] to [n, O, *D_out]."""
    before, after = _padding(pad_type, pad)
    kernel = weight.shape[2:]
    full = [
        (size - 1) * stride + (taps - 1) * dilation + 1
        for size, stride, taps, dilation in zip(
            x.shape[2:], strides, kernel, dilations, strict=True
        )
    ]
    grouped = x.reshape(len(x), groups, -1, *x.shape[2:])
    filters = weight.reshape(groups, -1, *weight.shape[1:])
    result = np.zeros((len(x), groups, filters.shape[2], *full))
    for tap, reached in _taps(kernel, x.shape[2:], strides, dilations):
        given = np.einsum("ngc...,gco->ngo...", grouped, filters[(..., *tap)])
        result[(..., *reached)] += given
    result = result.reshape(len(x), -1, *full)
    ends = (
        [size - cut for size, cut in zip(full, after, strict=True)]
        if output_shape is None
        else [start + size for start, size in zip(before, output_shape[2:], strict=True)]
    )
    kept = tuple(slice(start, end) for start, end in zip(before, ends, strict=True))
    return _with_bias(result[(..., *kept)], bias)


def _taps(
    kernel: Sequence[int], sizes: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """Every place of a kernel, and what it meets as the kernel moves over so many positions."""
    for tap in product(*map(range, kernel)):
        starts = [place * dilation for place, dilation in zip(tap, dilations, strict=True)]
        yield (
            tap,
            tuple(
                slice(start, start + (size - 1) * stride + 1, stride)
                for start, size, stride in zip(starts, sizes, strides, strict=True)
            ),
        )


def _padding(pad_type: str, pad: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    return {"custom": (pad[0::2], pad[1::2])}[pad_type]


def _with_bias(result: Array, bias: Array | None) -> Array:
    return result if bias is None else result + bias.reshape(-1, *(1,) * (result.ndim - 2))


CONVOLUTIONS: Mapping[str, Callable[..., Array]] = {
    "conv": _conv,
    "conv_transpose": _conv_transpose,
}
