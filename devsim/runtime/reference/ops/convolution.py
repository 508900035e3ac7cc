"""Convolutions and transposed convolutions of one to three spatial dimensions."""

import torch.nn.functional as F
from torch import Tensor

from devsim.runtime.reference.ops.casting import alike
from devsim.runtime.reference.ops.registry import Ints, op
from devsim.runtime.reference.ops.spatial import padded, spatial_pads, symmetric

_CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_CONV_TRANSPOSE = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


@op("conv")
def conv(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    strides: Ints | None = None,
    pad_type: str = "valid",
    pad: Ints | None = None,
    dilations: Ints | None = None,
    groups: int = 1,
) -> Tensor:
    """Convolution; ``x`` is [n, C_in, *space], ``weight`` [C_out, C_in / groups, *kernel]."""
    (x, weight), rank = alike(x, weight), x.dim() - 2
    bias = None if bias is None else bias.to(x.dtype)
    strides, dilations = strides or (1,) * rank, dilations or (1,) * rank
    pads = spatial_pads(pad_type, pad, x.shape[2:], _extent(weight, dilations), strides)
    own = symmetric(pads)
    if own is None:
        x, own = padded(x, pads), (0,) * rank
    return _CONV[rank](x, weight, bias, strides, own, dilations, groups)


@op("conv_transpose")
def conv_transpose(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    pad: Ints | None = None,
    output_shape: Ints | None = None,
    pad_type: str = "valid",
    strides: Ints | None = None,
    dilations: Ints | None = None,
    groups: int = 1,
) -> Tensor:
    """Transposed convolution; ``weight`` is [C_in, C_out / groups, *kernel].

    Padding crops the result; an output shape beyond what is left extends it at its end.
    """
    (x, weight), rank = alike(x, weight), x.dim() - 2
    bias = None if bias is None else bias.to(x.dtype)
    strides, dilations = strides or (1,) * rank, dilations or (1,) * rank
    extent = _extent(weight, dilations)
    full = [(n - 1) * s + k for n, s, k in zip(x.shape[2:], strides, extent, strict=True)]
    crops = _crops(pad_type, pad, x.shape[2:], full, strides)
    wanted = output_shape[2:] if output_shape else [
        size - before - after for size, (before, after) in zip(full, crops, strict=True)
    ]  # fmt: skip
    extra = tuple(
        max(before + size - whole, 0)
        for (before, _), size, whole in zip(crops, wanted, full, strict=True)
    )
    result = _CONV_TRANSPOSE[rank](x, weight, bias, strides, 0, extra, groups, dilations)
    for axis, ((before, _), size) in enumerate(zip(crops, wanted, strict=True), start=2):
        result = result.narrow(axis, before, size)
    return result


def _extent(weight: Tensor, dilations: Ints) -> Ints:
    return tuple((k - 1) * d + 1 for k, d in zip(weight.shape[2:], dilations, strict=True))


def _crops(
    pad_type: str, pad: Ints | None, sizes: Ints, full: list[int], strides: Ints
) -> list[tuple[int, int]]:
    if pad_type in ("same", "same_lower"):
        excess = [whole - n * s for whole, n, s in zip(full, sizes, strides, strict=True)]
        halves = [(max(e, 0) // 2, e - max(e, 0) // 2) for e in excess]
        return halves if pad_type == "same" else [(b, a) if b >= 0 else (a, b) for a, b in halves]
    return spatial_pads(pad_type, pad, sizes, sizes, strides)
