"""The spatial autoencoder's decoder: a latent frame becomes an image, in the app's nine parts.

The layers are those of diffusers' ``AutoencoderKL`` as sdxl-vae configures it.
Source of the cut: the On-device Sora app's conversion scripts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from devsim.core.video import Video
from devsim.workloads.definitions import definitions
from devsim.workloads.pipeline import TorchBlock, TorchStage, port
from devsim.workloads.vae.temporal import LATENT_CHANNELS
from devsim.workloads.weights import Weights, materialise

if TYPE_CHECKING:
    from diffusers import AutoencoderKL

MICRO_FRAMES = 4  # frames decoded at a time
LATENT_SCALE = 0.18215  # by which Open-Sora divides, though sdxl-vae was published with another


@dataclass(frozen=True, slots=True)
class SpatialSize:
    """Sizes of the decoder; the defaults are sdxl-vae's."""

    channels: tuple[int, int, int, int] = (128, 256, 512, 512)
    groups: int = 32


class First(nn.Module):
    """Undo the latent's scale, and the first convolutions."""

    def __init__(self, vae: AutoencoderKL) -> None:
        super().__init__()
        self.post_quant_conv = vae.post_quant_conv
        self.conv_in = vae.decoder.conv_in

    def forward(self, frames: Tensor) -> Tensor:
        """Map ``[1, 4, F, h, w]`` to ``[F, channels, h, w]``."""
        z = frames.squeeze(0).transpose(0, 1)
        out: Tensor = self.conv_in(self.post_quant_conv(z / LATENT_SCALE))
        return out


class Last(nn.Module):
    """To the colours of each pixel."""

    def __init__(self, vae: AutoencoderKL) -> None:
        super().__init__()
        decoder = vae.decoder
        self.conv_norm_out, self.conv_out = decoder.conv_norm_out, decoder.conv_out

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[F, channels, H, W]`` to ``[1, 3, F, H, W]``, from -1 to 1."""
        pixels: Tensor = self.conv_out(nn.functional.silu(self.conv_norm_out(x)))
        return pixels.transpose(0, 1).unsqueeze(0)


class Part(nn.Module):
    """Layers of the decoder that take and give one tensor."""

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[F, channels, H, W]`` to the next layer's."""
        out: Tensor = self.layers(x, temb=None)
        return out


def vae_spatial_stage(size: SpatialSize, video: Video, weights: Weights) -> TorchStage:
    """The stage ``vae_spatial``, run once for each four frames.

    A video that is no multiple of four frames has its last run filled up.
    """
    latent, micro = video.latent, min(MICRO_FRAMES, video.frames)
    narrow, middle, wide, widest = size.channels
    parts = (
        ("1", First, widest, 1),
        ("2", _middle, widest, 1),
        ("3_1", partial(_up, 0), widest, 2),
        ("3_2", partial(_up, 1), wide, 4),
        ("3_3", partial(_up, 2), middle, 8),
        ("3_4_1", partial(_last_up, 0), narrow, 8),
        ("3_4_2", partial(_last_up, 1), narrow, 8),
        ("3_4_3", partial(_last_up, 2), narrow, 8),
    )
    taken = port("frames", 1, LATENT_CHANNELS, micro, latent.height, latent.width)
    blocks = []
    for name, part, width, zoom in parts:
        made = port(f"x_{name}", micro, width, zoom * latent.height, zoom * latent.width)
        blocks.append(TorchBlock(name, (taken,), (made,), partial(_build, size, weights, part)))
        taken = made
    video_out = port("video", 1, 3, micro, 8 * latent.height, 8 * latent.width)
    blocks.append(TorchBlock("4", (taken,), (video_out,), partial(_build, size, weights, Last)))
    return TorchStage("vae_spatial", -(-video.frames // micro), tuple(blocks))


def empty_vae(size: SpatialSize) -> AutoencoderKL:
    """The whole autoencoder, as diffusers defines it, on the ``meta`` device."""
    diffusers = definitions("diffusers")
    with torch.device("meta"):
        vae: AutoencoderKL = diffusers.AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=size.channels,
            layers_per_block=2,
            latent_channels=LATENT_CHANNELS,
            norm_num_groups=size.groups,
        )
    return vae


def _middle(vae: AutoencoderKL) -> nn.Module:
    return Part(vae.decoder.mid_block)


def _up(index: int, vae: AutoencoderKL) -> nn.Module:
    return Part(vae.decoder.up_blocks[index])


def _last_up(index: int, vae: AutoencoderKL) -> nn.Module:
    return Part(vae.decoder.up_blocks[3].resnets[index])


def _build(
    size: SpatialSize, weights: Weights, part: Callable[[AutoencoderKL], nn.Module]
) -> nn.Module:
    vae = empty_vae(size)
    return materialise(part(vae), vae, weights)
