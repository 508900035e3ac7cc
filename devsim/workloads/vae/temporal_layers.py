"""Layers of the temporal autoencoder: 3-D convolutions that never look ahead in time.

Source: Yu et al., MAGVIT-v2 (arXiv 2310.05737), as Open-Sora 1.2 uses it. Module and parameter
names follow the published checkpoint (hpcai-tech/OpenSora-VAE-v1.2).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class CausalConv3d(nn.Module):
    """A 3-D convolution over this frame and those before it."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, *, bias: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv3d(inputs, outputs, kernel, bias=bias)
        side = kernel // 2
        self.padding = (side, side, side, side, kernel - 1, 0)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[B, inputs, T, H, W]`` to ``[B, outputs, T, H, W]``."""
        if any(self.padding):
            x = F.pad(x, self.padding)
        out: Tensor = self.conv(x)
        return out


class GroupNorm(nn.GroupNorm):
    """Group normalisation of a video, whose places are one dimension: Core ML has five at most."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``[B, C, T, H, W]``."""
        flat = super().forward(x.flatten(2))
        return flat.reshape(x.shape)


class ResidualBlock(nn.Module):
    """Two normalised convolutions beside a shortcut, which is one too if the channels change."""

    def __init__(self, inputs: int, outputs: int, groups: int) -> None:
        super().__init__()
        self.norm1 = GroupNorm(groups, inputs)
        self.conv1 = CausalConv3d(inputs, outputs, bias=False)
        self.norm2 = GroupNorm(groups, outputs)
        self.conv2 = CausalConv3d(outputs, outputs, bias=False)
        self.conv3 = (
            CausalConv3d(inputs, outputs, 1, bias=False) if inputs != outputs else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[B, inputs, T, H, W]`` to ``[B, outputs, T, H, W]``."""
        hidden = self.conv1(F.silu(self.norm1(x)))
        hidden = self.conv2(F.silu(self.norm2(hidden)))
        out: Tensor = hidden + self.conv3(x)
        return out


class DoubleFrames(nn.Module):
    """Halves the channels to make two frames of each; for a batch of one."""

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[1, 2 * C, T, H, W]`` to ``[1, C, 2 * T, H, W]``; channels alternate in time."""
        channels = torch.unflatten(x.squeeze(0), 0, (-1, 2))
        return channels.transpose(1, 2).flatten(1, 2).unsqueeze(0)
