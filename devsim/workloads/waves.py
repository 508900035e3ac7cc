"""A timestep as cosines and sines, as diffusers' denoisers take it."""

import math

import torch
from torch import Tensor, nn

_LONGEST_PERIOD = 10000.0


class TimeWaves(nn.Module):
    """Half cosines, half sines; the rates are constants, so that no rounding changes them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        steps = torch.arange(width // 2, dtype=torch.float32, device="cpu")
        self.rates: Tensor
        rates = torch.exp(-math.log(_LONGEST_PERIOD) * steps / (width // 2))
        self.register_buffer("rates", rates, persistent=False)

    def forward(self, t: Tensor) -> Tensor:
        """Map ``[B]`` to ``[B, width]``."""
        angles = t[:, None] * self.rates
        return torch.cat((angles.cos(), angles.sin()), dim=-1)
