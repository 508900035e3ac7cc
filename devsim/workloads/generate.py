"""What joins Open-Sora's stages: from a prompt's tokens to pixels, whoever computes a stage.

The blocks are what is converted; the sums here are what an app does between them.
Source: the sampling loop of Open-Sora 1.2 (rectified flow, classifier-free guidance) as the
On-device Sora app has it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from devsim.core.errors import BadInputError
from devsim.core.video import MICRO_LATENTS
from devsim.workloads.pipeline import TorchBlock, TorchPipeline
from devsim.workloads.vae.spatial import MICRO_FRAMES

Tensors = Mapping[str, Tensor]
Compute = Callable[[Tensors], Tensors]
"""One iteration of a stage, by the names of the tensors that flow between its blocks."""

GUIDANCE = 7.0
_TRAINING_STEPS = 1000.0


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a video is made from.

    Attributes:
        ids: token numbers, ``[1, L]``, int32.
        mask: one for a token and zero for padding, ``[1, L]``.
        empty: the empty prompt's text, ``[L, C]``, from the denoiser's checkpoint.
        noise: the latent to begin with, ``[1, 4, T, H, W]``.
        fps: frames a second.
    """

    ids: Tensor
    mask: Tensor
    empty: Tensor
    noise: Tensor
    fps: float = 24.0


def generate(stages: Mapping[str, Compute], prompt: Prompt, steps: int) -> Tensor:
    """Make a video.

    Args:
        stages: what computes ``t5``, ``stdit``, ``vae_temporal`` and ``vae_spatial``.
        prompt: what to make it from.
        steps: denoising steps.

    Returns:
        Colours from about -1 to 1, ``[1, 3, frames, 8 * H, 8 * W]``.
    """
    text = stages["t5"]({"ids": prompt.ids, "mask": prompt.mask[:, None, None, :]})["text"]
    latent = denoise(stages["stdit"], text, prompt, steps)
    return decode(stages["vae_temporal"], stages["vae_spatial"], latent)


def denoise(stdit: Compute, text: Tensor, prompt: Prompt, steps: int) -> Tensor:
    """Follow the velocity from noise to a latent in even steps."""
    z = prompt.noise
    fixed = {
        "captions": torch.stack((text, prompt.empty[None])),
        "mask": prompt.mask.expand(2, -1),
        "fps": torch.tensor([prompt.fps]),
    }
    for step in range(steps):
        t = torch.full((2,), _TRAINING_STEPS * (1 - step / steps))
        v = stdit({**fixed, "z": z.expand(2, -1, -1, -1, -1), "t": t})["v"][:, : z.shape[1]]
        prompted, unprompted = v.chunk(2)
        z = z + (unprompted + GUIDANCE * (prompted - unprompted)) / steps
    return z


def decode(temporal: Compute, spatial: Compute, latent: Tensor) -> Tensor:
    """From a latent to pixels, five latent frames and then four frames at a time.

    Raises:
        BadInputError: a run of the temporal stage would be only partly full; frames that fill it
            up would change the others.
    """
    latents = min(MICRO_LATENTS, latent.shape[2])
    if latent.shape[2] % latents:
        raise BadInputError(
            f"{latent.shape[2]} latent frames are not runs of {latents}",
            "choose a number of frames that is a multiple of 17",
        )
    frames = torch.cat([temporal({"z": z})["frames"] for z in torch.split(latent, latents, 2)], 2)
    count = frames.shape[2]
    size = min(MICRO_FRAMES, count)
    filled = torch.cat((frames, frames[:, :, -1:].expand(-1, -1, -count % size, -1, -1)), 2)
    parts = torch.split(filled, size, 2)
    return torch.cat([spatial({"frames": part})["video"] for part in parts], 2)[:, :, :count]


def in_torch(pipeline: TorchPipeline) -> dict[str, Compute]:
    """Compute each stage of a pipeline in torch, one block in memory at a time."""

    def compute(blocks: tuple[TorchBlock, ...]) -> Compute:
        return lambda tensors: run_blocks(blocks, tensors)

    return {stage.name: compute(stage.blocks) for stage in pipeline.stages}


def run_blocks(blocks: tuple[TorchBlock, ...], tensors: Tensors) -> dict[str, Tensor]:
    """Compute blocks one after another, by the tensors that their ports name."""
    known = dict(tensors)
    for block in blocks:
        made = block.build()(*(known[port.tensor] for port in block.inputs))
        values = made if isinstance(made, tuple) else (made,)
        known.update(zip((port.tensor for port in block.outputs), values, strict=True))
    return known
