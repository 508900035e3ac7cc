"""Padding of spatial dimensions, shared by convolutions and pools."""

import math

import torch.nn.functional as F
from torch import Tensor

from devsim.runtime.reference.ops.registry import Ints


def spatial_pads(
    pad_type: str, pad: Ints | None, sizes: Ints, kernel: Ints, strides: Ints
) -> list[tuple[int, int]]:
    """Elements to pad before and after each spatial dimension.

    Args:
        pad_type: ``valid``, ``custom``, ``same`` (the odd one after) or ``same_lower`` (before).
        pad: before and after for every dimension; used when custom.
        sizes: of the input.
        kernel: its extent, dilation included.
        strides: of the kernel.
    """
    if pad_type == "valid":
        return [(0, 0)] * len(sizes)
    if pad_type == "custom":
        if pad is None:
            return [(0, 0)] * len(sizes)
        return list(zip(pad[::2], pad[1::2], strict=True))
    if pad_type not in ("same", "same_lower"):
        raise ValueError(f"there is no pad_type '{pad_type}'")
    pads = []
    for size, extent, stride in zip(sizes, kernel, strides, strict=True):
        total = max((math.ceil(size / stride) - 1) * stride + extent - size, 0)
        less, more = total // 2, total - total // 2
        pads.append((less, more) if pad_type == "same" else (more, less))
    return pads


def padded(x: Tensor, pads: list[tuple[int, int]], value: float = 0.0) -> Tensor:
    """The tensor with its last dimensions padded.

    Raises:
        ValueError: the padding would multiply the tensor beyond reason.
    """
    if not any(before or after for before, after in pads):
        return x
    sizes = [size + sum(pair) for size, pair in zip(x.shape[-len(pads) :], pads, strict=True)]
    if math.prod(sizes) * math.prod(x.shape[: -len(pads)]) > 64 * x.numel() + (1 << 24):
        raise ValueError("its padding is out of proportion")
    return F.pad(x, [amount for pair in reversed(pads) for amount in pair], value=value)


def symmetric(pads: list[tuple[int, int]]) -> Ints | None:
    """The padding as torch's own operations take it, when it is the same on both sides."""
    return tuple(before for before, _ in pads) if all(a == b for a, b in pads) else None
