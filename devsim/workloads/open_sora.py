"""Open-Sora 1.2 as the On-device Sora app runs it: T5, STDiT3, and the two halves of the VAE."""

from dataclasses import replace
from functools import partial
from typing import NamedTuple

from devsim.core.video import parse_video, video_of_latent
from devsim.workloads.pipeline import Options, TorchPipeline, chosen_size, listed
from devsim.workloads.stdit3 import STDiT3Config, stdit_stage
from devsim.workloads.t5 import T5Size, t5_stage
from devsim.workloads.vae import (
    SpatialSize,
    TemporalSize,
    vae_spatial_stage,
    vae_temporal_stage,
)
from devsim.workloads.weights import Component

PROMPT_TOKENS = 300


class Sizes(NamedTuple):
    """The size of each of the four models."""

    t5: T5Size
    stdit: STDiT3Config
    temporal: TemporalSize
    spatial: SpatialSize


SIZES = {
    "full": Sizes(T5Size(), STDiT3Config(), TemporalSize(), SpatialSize()),
    "small": Sizes(
        T5Size(width=512, heads=8, hidden=1280, vocabulary=4096),
        STDiT3Config(width=288, heads=4, caption_channels=512),
        TemporalSize(channels=16, groups=8),
        SpatialSize(channels=(16, 32, 64, 64), groups=8),
    ),
    "tiny": Sizes(
        T5Size(width=32, depth=2, heads=4, head_width=8, hidden=80, vocabulary=128),
        STDiT3Config(width=64, depth=2, heads=4, caption_channels=32),
        TemporalSize(channels=8, groups=4),
        SpatialSize(channels=(8, 16, 32, 32), groups=4),
    ),
}

T5 = Component("t5", "DeepFloyd/t5-v1_1-xxl")
STDIT = Component("stdit", "hpcai-tech/OpenSora-STDiT-v3")
VAE = Component("vae", "hpcai-tech/OpenSora-VAE-v1.2")
VAE_SPATIAL = Component(
    "vae_spatial",
    "PixArt-alpha/pixart_sigma_sdxlvae_T5_diffusers",
    subfolder="vae",
    whole=VAE,
    prefix="spatial_vae.module.",
)


class OpenSora:
    """The workload ``open-sora-v1.2``: stages ``t5``, ``stdit``, ``vae_temporal``, ``vae_spatial``.

    ``Options.depth`` is the number of T5's blocks and of STDiT's pairs.
    """

    name = "open-sora-v1.2"
    sizes = tuple(SIZES)

    def pipeline(self, options: Options) -> TorchPipeline:
        """List the blocks of every stage.

        Raises:
            BadInputError: an unknown size or stage, or a shape or depth that is not positive.
        """
        sizes = SIZES[chosen_size(self.name, options.size, self.sizes)]
        latent = options.latent()
        video = video_of_latent(latent) if latent else options.video or parse_video()
        t5 = replace(sizes.t5, depth=options.layers(sizes.t5.depth))
        stdit = replace(sizes.stdit, depth=options.layers(sizes.stdit.depth))
        make = {
            "t5": (T5, partial(t5_stage, t5, PROMPT_TOKENS)),
            "stdit": (STDIT, partial(stdit_stage, stdit, video)),
            "vae_temporal": (VAE, partial(vae_temporal_stage, sizes.temporal, video)),
            "vae_spatial": (VAE_SPATIAL, partial(vae_spatial_stage, sizes.spatial, video)),
        }
        return listed(
            self.name,
            options,
            make,
            f"latent {'x'.join(map(str, latent))}" if latent else video.label,
        )


WORKLOAD = OpenSora()
