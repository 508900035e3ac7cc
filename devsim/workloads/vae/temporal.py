"""The temporal autoencoder's decoder: 5 latent frames become 17, in the app's nine parts.

Source: Open-Sora 1.2's VAE and its published checkpoint hpcai-tech/OpenSora-VAE-v1.2, whose
state-dict keys and shapes are kept. Its encoder is not here: nothing of it runs on a device.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from devsim.core.video import MICRO_FRAMES, MICRO_LATENTS, Video
from devsim.workloads.pipeline import TorchBlock, TorchStage, port
from devsim.workloads.vae.temporal_layers import (
    CausalConv3d,
    DoubleFrames,
    GroupNorm,
    ResidualBlock,
)
from devsim.workloads.weights import Weights, materialise

LATENT_CHANNELS = 4
_MULTIPLIERS = (1, 2, 2, 4)  # of the channels, at each level
_DOUBLES_FRAMES = (False, False, True, True)  # at the end of each level
_RESIDUAL_BLOCKS = 4  # in a row

# Of each channel of a latent, as published.
_NORMALISATION = {"scale": (3.85, 2.32, 2.33, 3.06), "shift": (-0.10, 0.34, 0.27, 0.98)}


@dataclass(frozen=True, slots=True)
class TemporalSize:
    """Sizes of the decoder; the defaults are Open-Sora 1.2's."""

    channels: int = 128
    groups: int = 32


class TemporalDecoder(nn.Module):
    """From latent channels to the spatial autoencoder's; the last level comes first."""

    def __init__(self, size: TemporalSize) -> None:
        super().__init__()
        widths = [size.channels * multiplier for multiplier in _MULTIPLIERS]
        top = widths[-1]
        self.conv1 = CausalConv3d(LATENT_CHANNELS, top)
        self.res_blocks = nn.ModuleList(
            ResidualBlock(top, top, size.groups) for _ in range(_RESIDUAL_BLOCKS)
        )
        above = [*widths[1:], top]
        self.block_res_blocks = nn.ModuleList(
            nn.ModuleList(
                ResidualBlock(before if index == 0 else width, width, size.groups)
                for index in range(_RESIDUAL_BLOCKS)
            )
            for before, width in zip(above, widths, strict=True)
        )
        # Named for the level below: conv_blocks.1 ends level 2.
        self.conv_blocks = nn.ModuleList(
            CausalConv3d(width, 2 * width) if doubles else nn.Identity()
            for width, doubles in zip(widths[1:], _DOUBLES_FRAMES[1:], strict=True)
        )
        self.norm1 = GroupNorm(size.groups, widths[0])
        self.conv_out = CausalConv3d(widths[0], LATENT_CHANNELS)

    def residual(self, level: int, index: int) -> nn.Module:
        """A level's residual block of a number."""
        return self.get_submodule(f"block_res_blocks.{level}.{index}")

    def level(self, level: int) -> nn.Module:
        """A level's residual blocks, and what makes two frames of one at its end."""
        layers = [self.residual(level, index) for index in range(_RESIDUAL_BLOCKS)]
        if _DOUBLES_FRAMES[level]:
            layers += [self.conv_blocks[level - 1], DoubleFrames()]
        return nn.Sequential(*layers)


class TemporalAutoencoder(nn.Module):
    """The autoencoder, as far as decoding needs it."""

    def __init__(self, size: TemporalSize) -> None:
        super().__init__()
        self.post_quant_conv = CausalConv3d(LATENT_CHANNELS, LATENT_CHANNELS, 1)
        self.decoder = TemporalDecoder(size)


class TemporalVae(nn.Module):
    """The temporal half of a checkpoint."""

    def __init__(self, size: TemporalSize) -> None:
        super().__init__()
        self.scale: Tensor
        self.shift: Tensor
        for name, values in _NORMALISATION.items():
            vector = torch.tensor(values, device="cpu")
            self.register_buffer(name, vector[None, :, None, None, None])
        self.temporal_vae = TemporalAutoencoder(size)


class First(nn.Module):
    """Undo the latent's normalisation, and the residual blocks before the levels."""

    def __init__(self, vae: TemporalVae) -> None:
        super().__init__()
        decoder = vae.temporal_vae.decoder
        self.scale: Tensor
        self.shift: Tensor
        self.register_buffer("scale", vae.scale)
        self.register_buffer("shift", vae.shift)
        self.layers = nn.Sequential(
            vae.temporal_vae.post_quant_conv, decoder.conv1, *decoder.res_blocks
        )

    def forward(self, z: Tensor) -> Tensor:
        """Map ``[1, 4, T, H, W]`` to ``[1, channels, T, H, W]``."""
        out: Tensor = self.layers(z * self.scale + self.shift)
        return out


class Last(nn.Module):
    """To the spatial autoencoder's channels, less the frames that filled up the first group."""

    def __init__(self, vae: TemporalVae, padding: int) -> None:
        super().__init__()
        self.norm1 = vae.temporal_vae.decoder.norm1
        self.conv_out = vae.temporal_vae.decoder.conv_out
        self.padding = padding

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[1, channels, T, H, W]`` to ``[1, 4, T - padding, H, W]``."""
        out: Tensor = self.conv_out(F.silu(self.norm1(x)))
        return out[:, :, self.padding :]


def vae_temporal_stage(size: TemporalSize, video: Video, weights: Weights) -> TorchStage:
    """The stage ``vae_temporal``, run once for each 17 frames.

    A video that is no multiple of 17 frames has its last run filled up, as fixed shapes ask for.
    """
    latent = video.latent
    micro = min(MICRO_LATENTS, latent.frames)
    frames = MICRO_FRAMES if micro == MICRO_LATENTS else video.frames
    channels = [size.channels * multiplier for multiplier in _MULTIPLIERS]
    place = (latent.height, latent.width)
    parts: tuple[tuple[str, Callable[[TemporalVae], nn.Module], int, int], ...] = (
        ("1", First, channels[3], micro),
        ("2_1", partial(_level, 3), channels[3], 2 * micro),
        ("2_2", partial(_level, 2), channels[2], 4 * micro),
        *(
            (f"2_3_{index + 1}", partial(_residual, 1, index), channels[1], 4 * micro)
            for index in range(_RESIDUAL_BLOCKS)
        ),
        ("2_4", partial(_level, 0), channels[0], 4 * micro),
        ("3", partial(Last, padding=4 * micro - frames), LATENT_CHANNELS, frames),
    )
    taken = port("z", 1, LATENT_CHANNELS, micro, *place)
    blocks = []
    for name, part, width, length in parts:
        made = port("frames" if name == "3" else f"x_{name}", 1, width, length, *place)
        blocks.append(TorchBlock(name, (taken,), (made,), partial(_build, size, weights, part)))
        taken = made
    return TorchStage("vae_temporal", -(-latent.frames // micro), tuple(blocks))


def _level(level: int, vae: TemporalVae) -> nn.Module:
    return vae.temporal_vae.decoder.level(level)


def _residual(level: int, index: int, vae: TemporalVae) -> nn.Module:
    return vae.temporal_vae.decoder.residual(level, index)


def _build(
    size: TemporalSize, weights: Weights, part: Callable[[TemporalVae], nn.Module]
) -> nn.Module:
    with torch.device("meta"):
        vae = TemporalVae(size)
    return materialise(part(vae), vae, weights)
