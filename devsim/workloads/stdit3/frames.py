"""The frames that an attention sees as one: each by itself, or averaged in pairs.

Source of the pairs: Temporal Dimension Token Merging of On-device Sora (arXiv 2502.04363, section
3.2, and its app): tokens of each two consecutive frames are averaged before an attention and its
result is given to both, which quarters the cost of self-attention along time and halves that of
the others.
"""

from typing import Protocol

import torch
from torch import Tensor


class FrameGroups(Protocol):
    """How frames go into and come out of an attention."""

    @property
    def groups(self) -> int:
        """How many frames the attention sees."""

    def merge(self, x: Tensor) -> Tensor:
        """From ``[B, frames * S, C]`` to ``[B, groups * S, C]``."""

    def spread(self, x: Tensor) -> Tensor:
        """From ``[B, groups * S, C]`` to ``[B, frames * S, C]``."""


class EveryFrame:
    """Every frame by itself."""

    def __init__(self, frames: int) -> None:
        self.groups = frames

    def merge(self, x: Tensor) -> Tensor:
        """Leave ``x`` as it is."""
        return x

    def spread(self, x: Tensor) -> Tensor:
        """Leave ``x`` as it is."""
        return x


class FramePairs:
    """Each two consecutive frames as their average; an odd last frame by itself."""

    def __init__(self, frames: int) -> None:
        self.frames = frames
        self.groups = -(-frames // 2)

    def merge(self, x: Tensor) -> Tensor:
        """Average the tokens of each pair of frames."""
        size = x.shape[1] // self.frames
        pairs = self.frames // 2
        paired = torch.unflatten(x[:, : 2 * pairs * size], 1, (pairs, 2 * size))
        merged = (0.5 * (paired[:, :, :size] + paired[:, :, size:])).flatten(1, 2)
        if self.frames % 2:
            merged = torch.cat((merged, x[:, 2 * pairs * size :]), dim=1)
        return merged

    def spread(self, x: Tensor) -> Tensor:
        """Give both frames of a pair what their average came to."""
        size = x.shape[1] // self.groups
        tokens = torch.unflatten(x, 1, (self.groups, size))
        return torch.cat((tokens, tokens), dim=2).flatten(1, 2)[:, : self.frames * size]
