"""CogVideoX-2b: its T5 encoder and its denoiser, as diffusers defines it.

Source: Yang et al., CogVideoX (arXiv 2408.06072); THUDM/CogVideoX-2b, whose configuration is
diffusers' default.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from devsim.core.manifest import Port
from devsim.core.video import Latent, Video
from devsim.workloads.definitions import definitions
from devsim.workloads.pipeline import (
    Options,
    TorchBlock,
    TorchPipeline,
    TorchStage,
    chosen_size,
    listed,
    port,
)
from devsim.workloads.t5 import T5Size, t5_stage
from devsim.workloads.waves import TimeWaves
from devsim.workloads.weights import Component, Weights, materialise

if TYPE_CHECKING:
    from diffusers import CogVideoXTransformer3DModel

BATCH = 2  # the prompt and the empty prompt
STEPS = 50
PROMPT_TOKENS = 226
LATENT_CHANNELS = 16
_TIME_WIDTH = 512
_T5 = Component("t5", "THUDM/CogVideoX-2b", subfolder="text_encoder")
_TRANSFORMER = Component("transformer", "THUDM/CogVideoX-2b", subfolder="transformer")


@dataclass(frozen=True, slots=True)
class Size:
    """Sizes of both models; the defaults are the published ones."""

    t5: T5Size = field(default_factory=T5Size)
    depth: int = 30
    heads: int = 30
    head_width: int = 64


SIZES = {
    "full": Size(),
    "small": Size(T5Size(width=512, heads=8, hidden=1280, vocabulary=4096), heads=4),
    "tiny": Size(
        T5Size(width=32, depth=2, heads=4, head_width=8, hidden=80, vocabulary=128),
        depth=2,
        heads=2,
        head_width=16,
    ),
}


class CogVideoX:
    """The workload ``cogvideox-2b``: stages ``t5`` and ``transformer``."""

    name = "cogvideox-2b"
    sizes = tuple(SIZES)

    def pipeline(self, options: Options) -> TorchPipeline:
        """List the blocks of both stages.

        Raises:
            BadInputError: an unknown size or stage, or a shape or depth that is not positive.
        """
        size = SIZES[chosen_size(self.name, options.size, self.sizes)]
        latent = options.latent() or _latent(options.video or Video(49, 480, 720))
        t5 = replace(size.t5, depth=options.layers(size.t5.depth))
        denoiser = replace(size, depth=options.layers(size.depth))
        models = {
            "t5": (_T5, partial(t5_stage, t5, PROMPT_TOKENS)),
            "transformer": (_TRANSFORMER, partial(_stage, denoiser, latent)),
        }
        return listed(self.name, options, models, f"latent {'x'.join(map(str, latent))}")


class Part1(nn.Module):
    """Everything before the blocks."""

    def __init__(self, model: CogVideoXTransformer3DModel, latent: Latent) -> None:
        super().__init__()
        embed = model.patch_embed
        self.proj, self.text_proj = embed.proj, embed.text_proj
        self.waves, self.time_embedding = (
            TimeWaves(model.time_proj.num_channels),
            model.time_embedding,
        )
        positions = embed._get_positional_embeddings(
            latent.height, latent.width, 4 * (latent.frames - 1) + 1, device=torch.device("cpu")
        )
        self.positions: Tensor
        self.register_buffer("positions", positions[:, PROMPT_TOKENS:].float(), persistent=False)

    def forward(self, z: Tensor, t: Tensor, captions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Embed ``z [B, T, 16, H, W]``, ``t [B]`` and ``captions [B, L, C]``.

        Returns:
            ``x [B, tokens, width]``, ``y [B, L, width]`` and ``t_emb [B, 512]``.
        """
        patches = torch.unflatten(self.proj(z.flatten(0, 1)), 0, (z.shape[0], -1))
        x = patches.flatten(3).transpose(2, 3).flatten(1, 2) + self.positions
        return x, self.text_proj(captions), self.time_embedding(self.waves(t))


class Pair(nn.Module):
    """One block, which updates the video's and the prompt's tokens together."""

    def __init__(self, model: CogVideoXTransformer3DModel, index: int) -> None:
        super().__init__()
        self.block = model.transformer_blocks[index]

    def forward(self, x: Tensor, y: Tensor, t_emb: Tensor) -> tuple[Tensor, Tensor]:
        """Update ``x [B, tokens, width]`` and ``y [B, L, width]``."""
        made: tuple[Tensor, Tensor] = self.block(x, y, t_emb)
        return made


class Part2(nn.Module):
    """Everything after the blocks."""

    def __init__(self, model: CogVideoXTransformer3DModel, latent: Latent) -> None:
        super().__init__()
        self.norm_final, self.norm_out = model.norm_final, model.norm_out
        self.proj_out = model.proj_out
        self.latent = latent

    def forward(self, x: Tensor, t_emb: Tensor) -> Tensor:
        """Map ``x [B, tokens, width]`` to ``[B, T, 16, H, W]``."""
        latent = self.latent
        values = self.proj_out(self.norm_out(self.norm_final(x), temb=t_emb))
        # In turn, for Core ML has five dimensions at most: the patches' columns, then their rows.
        wide = values.reshape(-1, latent.columns, LATENT_CHANNELS, 2, 2).permute(0, 2, 3, 1, 4)
        rows = wide.reshape(-1, latent.rows, LATENT_CHANNELS, 2, latent.width)
        video: Tensor = rows.transpose(1, 2).reshape(
            BATCH, latent.frames, LATENT_CHANNELS, *latent[1:]
        )
        return video


def empty_transformer(size: Size) -> CogVideoXTransformer3DModel:
    """The whole denoiser, as diffusers defines it, on the ``meta`` device."""
    diffusers = definitions("diffusers")
    with torch.device("meta"):
        model: CogVideoXTransformer3DModel = diffusers.CogVideoXTransformer3DModel(
            num_attention_heads=size.heads,
            attention_head_dim=size.head_width,
            text_embed_dim=size.t5.width,
            num_layers=size.depth,
            # Only how many positions are made ahead; those of another size are made when asked.
            sample_frames=1,
            sample_height=2,
            sample_width=2,
        )
    return model


def _latent(video: Video) -> Latent:
    """The size that its autoencoder gives: a frame, then one of each four; whole patches."""
    height, width = (2 * (pixels // 16) for pixels in (video.height, video.width))
    return Latent((video.frames - 1) // 4 + 1, max(height, 2), max(width, 2))


def _stage(size: Size, latent: Latent, weights: Weights) -> TorchStage:
    width = size.heads * size.head_width
    z = port("z", BATCH, latent.frames, LATENT_CHANNELS, latent.height, latent.width)
    captions = port("captions", BATCH, PROMPT_TOKENS, size.t5.width)
    t_emb = port("t_emb", BATCH, _TIME_WIDTH)
    x, y = port("x", BATCH, latent.tokens, width), port("y", BATCH, PROMPT_TOKENS, width)
    x_out, y_out = (port(f"{p.name}_out", *p.shape, tensor=p.tensor) for p in (x, y))
    v = port("v", *z.shape)

    def block(
        name: str,
        inputs: tuple[Port, ...],
        outputs: tuple[Port, ...],
        part: Callable[[CogVideoXTransformer3DModel], nn.Module],
        kind: str = "",
    ) -> TorchBlock:
        return TorchBlock(name, inputs, outputs, partial(_build, size, weights, part), kind)

    pairs = (
        block(f"block_{i:02d}", (x, y, t_emb), (x_out, y_out), partial(Pair, index=i), "block")
        for i in range(size.depth)
    )
    return TorchStage(
        "transformer",
        STEPS,
        (
            block(
                "part1",
                (z, port("t", BATCH), captions),
                (x, y, t_emb),
                partial(Part1, latent=latent),
            ),
            *pairs,
            block("part2", (x, t_emb), (v,), partial(Part2, latent=latent)),
        ),
    )


def _build(
    size: Size, weights: Weights, part: Callable[[CogVideoXTransformer3DModel], nn.Module]
) -> nn.Module:
    model = empty_transformer(size)
    return materialise(part(model), model, weights)


WORKLOAD = CogVideoX()
