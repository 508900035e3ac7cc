"""Embedders of STDiT3: what turns latents, times, frame rates and captions into tokens."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from devsim.workloads.stdit3.layers import Mlp

PATCH = (1, 2, 2)
_LONGEST_PERIOD = 10000.0


class PatchEmbedder(nn.Module):
    """One token for each 1x2x2 patch of the latent; an odd height or width is padded by zeros."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv3d(channels, width, kernel_size=PATCH, stride=PATCH)

    def forward(self, z: Tensor) -> Tensor:
        """Map ``[B, channels, T, H, W]`` to ``[B, T * ceil(H/2) * ceil(W/2), width]``."""
        odd_height, odd_width = z.shape[-2] % 2, z.shape[-1] % 2
        if odd_height or odd_width:
            z = F.pad(z, (0, odd_width, 0, odd_height))
        tokens: Tensor = self.proj(z).flatten(2).transpose(1, 2)
        return tokens


class ScalarEmbedder(nn.Module):
    """A number (a timestep, a frame rate) as sines and cosines through two linear layers."""

    def __init__(self, width: int, frequencies: int = 256) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(frequencies, width), nn.SiLU(), nn.Linear(width, width))
        steps = torch.arange(frequencies // 2, dtype=torch.float32, device="cpu")
        rates = torch.exp(-math.log(_LONGEST_PERIOD) * steps / (frequencies // 2))
        self.rates: Tensor
        self.register_buffer("rates", rates, persistent=False)

    def forward(self, value: Tensor) -> Tensor:
        """Map ``[B]`` to ``[B, width]``."""
        angles = value[:, None] * self.rates
        out: Tensor = self.mlp(torch.cat((angles.cos(), angles.sin()), dim=-1))
        return out


class CaptionEmbedder(nn.Module):
    """Projects the text encoder's states to the model's width.

    ``y_embedding`` is the checkpoint's caption of an empty prompt: sampling passes it in as the
    second half of the batch, so it is kept and not used here.
    """

    def __init__(self, channels: int, width: int, length: int) -> None:
        super().__init__()
        self.y_proj = Mlp(channels, width, width)
        self.register_buffer("y_embedding", torch.zeros(length, channels))

    def forward(self, captions: Tensor) -> Tensor:
        """Map ``[B, 1, L, channels]`` to ``[B, L, width]``."""
        out: Tensor = self.y_proj(captions.squeeze(1))
        return out


def position_embedding(rows: int, columns: int, width: int, scale: float) -> Tensor:
    """Sines and cosines of a token's column, then of its row: ``[rows * columns, width]``.

    Positions are stretched so that the grid counts as a square of about the same number of
    tokens, and divided by ``scale``, the image's size relative to the training size.
    """
    side = round(math.sqrt(rows * columns))
    row = torch.arange(rows, dtype=torch.float32, device="cpu") / scale * (side / rows)
    column = torch.arange(columns, dtype=torch.float32, device="cpu") / scale * (side / columns)
    half = width // 2
    exponents = torch.arange(0, half, 2, dtype=torch.float32, device="cpu") / half
    rates = 1.0 / _LONGEST_PERIOD**exponents

    def waves(positions: Tensor) -> Tensor:
        angles = positions[:, None] * rates
        return torch.cat((angles.sin(), angles.cos()), dim=-1)

    return torch.cat((waves(column.repeat(rows)), waves(row.repeat_interleave(columns))), dim=-1)
