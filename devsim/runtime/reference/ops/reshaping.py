"""Operations that rearrange a tensor's elements or its dimensions."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from devsim.runtime.reference.ops.registry import Bools, Ints, Tensors, op


@op("reshape")
def reshape(x: Tensor, shape: Ints) -> Tensor:
    """Another shape; 0 keeps the dimension of ``x`` and -1 takes what is left.

    Dimensions correspond from the last; a 0 that corresponds to none is a dimension of one.
    """
    own = (1,) * len(shape) + tuple(x.shape)
    kept = own[len(own) - len(shape) :]
    return x.reshape([mine if size == 0 else size for size, mine in zip(shape, kept, strict=True)])


@op("reshape_like")
def reshape_like(
    x: Tensor,
    ref_tensors: Tensors,
    begins: tuple[Ints, ...],
    ends: tuple[Ints, ...],
    end_masks: tuple[Bools, ...],
) -> Tensor:
    """The shape made of runs of other tensors' dimensions."""
    shape: list[int] = []
    for reference, begin, end, to_the_end in zip(ref_tensors, begins, ends, end_masks, strict=True):
        shape += reference.shape[begin[0] : None if to_the_end[0] else end[0]]
    return x.reshape(shape)


@op("expand_dims")
def expand_dims(x: Tensor, axes: Ints) -> Tensor:
    """Dimensions of one at these places of the result."""
    rank = x.dim() + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        x = x.unsqueeze(axis)
    return x


@op("squeeze")
def squeeze(x: Tensor, axes: Ints | None = None) -> Tensor:
    """Without these dimensions of one, or without any; larger ones stay."""
    return x.squeeze() if axes is None else x.squeeze(axes)


@op("transpose")
def transpose(x: Tensor, perm: Ints) -> Tensor:
    """Dimensions in another order."""
    return x.permute(perm)


@op("flatten2d")
def flatten2d(x: Tensor, axis: int = 1) -> Tensor:
    """Two dimensions: those before the axis, and the rest."""
    before = x.shape[:axis]
    return x.reshape(math.prod(before), math.prod(x.shape[len(before) :]))


@op("reverse")
def reverse(x: Tensor, axes: Ints | None = None) -> Tensor:
    """Elements in opposite order along these axes, or along all."""
    return torch.flip(x, tuple(range(x.dim())) if axes is None else axes)


@op("reverse_sequence")
def reverse_sequence(x: Tensor, lengths: Tensor, seq_axis: int = 0, batch_axis: int = 0) -> Tensor:
    """The first ``lengths[i]`` elements of every batch element reversed."""
    aligned = x.movedim((batch_axis, seq_axis), (0, 1))
    place = torch.arange(aligned.shape[1])
    span = lengths.long()[:, None]
    source = torch.where(place < span, span - 1 - place, place)
    rows = torch.arange(aligned.shape[0])[:, None]
    return aligned[rows, source].movedim((0, 1), (batch_axis, seq_axis))


@op("pixel_shuffle")
def pixel_shuffle(x: Tensor, upscale_factor: int) -> Tensor:
    """Channels into space, as in torch."""
    return F.pixel_shuffle(x, upscale_factor)


@op("pixel_unshuffle")
def pixel_unshuffle(x: Tensor, downscale_factor: int) -> Tensor:
    """Space into channels, as in torch."""
    return F.pixel_unshuffle(x, int(downscale_factor))


@op("depth_to_space")
def depth_to_space(x: Tensor, block_size: int) -> Tensor:
    """Channels into space, the block's place in the channels' leading part."""
    n, c, h, w = x.shape
    b = block_size
    blocks = x.reshape(n, b, b, c // (b * b), h, w)
    return blocks.permute(0, 3, 4, 1, 5, 2).reshape(n, c // (b * b), h * b, w * b)


@op("space_to_depth")
def space_to_depth(x: Tensor, block_size: int) -> Tensor:
    """The inverse of ``depth_to_space``."""
    n, c, h, w = x.shape
    b = block_size
    blocks = x.reshape(n, c, h // b, b, w // b, b)
    return blocks.permute(0, 3, 5, 1, 2, 4).reshape(n, c * b * b, h // b, w // b)


@op(
    "space_to_batch",
    elements=lambda x, block_shape, paddings: (
        x.shape[0]
        * x.shape[1]
        * (x.shape[2] + sum(paddings[:2]))
        * (x.shape[3] + sum(paddings[2:]))
    ),
)
def space_to_batch(x: Tensor, block_shape: Ints, paddings: Ints) -> Tensor:
    """Space, padded with zeros, into the batch."""
    padded = F.pad(x, (*paddings[2:], *paddings[:2]))
    n, c, h, w = padded.shape
    high, wide = block_shape
    blocks = padded.reshape(n, c, h // high, high, w // wide, wide)
    return blocks.permute(3, 5, 0, 1, 2, 4).reshape(n * high * wide, c, h // high, w // wide)


@op("batch_to_space")
def batch_to_space(x: Tensor, block_shape: Ints, crops: Ints) -> Tensor:
    """The batch into space, then cropped."""
    n, c, h, w = x.shape
    high, wide = block_shape
    blocks = x.reshape(high, wide, n // (high * wide), c, h, w).permute(2, 3, 4, 0, 5, 1)
    whole = blocks.reshape(n // (high * wide), c, h * high, w * wide)
    top, bottom, left, right = crops
    return whole[:, :, top : h * high - bottom, left : w * wide - right]


@op("sliding_windows")
def sliding_windows(x: Tensor, axis: int, size: int, stride: int = 1) -> Tensor:
    """Every window along the axis, as a new dimension after it."""
    axis %= x.dim()
    return x.unfold(axis, size, stride).movedim(-1, axis + 1)
