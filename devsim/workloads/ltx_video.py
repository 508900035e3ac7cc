"""LTX-Video: its T5 encoder and its denoiser, as diffusers defines it.

Source: HaCohen et al., LTX-Video (arXiv 2501.00103); Lightricks/LTX-Video, whose configuration
is diffusers' default.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

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
from devsim.workloads.t5 import MASKED, T5Size, t5_stage
from devsim.workloads.waves import TimeWaves
from devsim.workloads.weights import Component, Weights, materialise

if TYPE_CHECKING:
    from diffusers import LTXVideoTransformer3DModel
    from diffusers.models.transformers.transformer_ltx import LTXAttention

BATCH = 2  # the prompt and the empty prompt
STEPS = 50
PROMPT_TOKENS = 128
LATENT_CHANNELS = 128
_NORM_EPSILON = 1e-5  # of queries and keys
_FRAMES_PER_LATENT, _PIXELS_PER_LATENT = 8, 32
_T5 = Component("t5", "Lightricks/LTX-Video", subfolder="text_encoder")
_TRANSFORMER = Component("transformer", "Lightricks/LTX-Video", subfolder="transformer")


@dataclass(frozen=True, slots=True)
class Size:
    """Sizes of both models; the defaults are the published ones."""

    t5: T5Size = field(default_factory=T5Size)
    depth: int = 28
    heads: int = 32
    head_width: int = 64

    @property
    def width(self) -> int:
        """Of a token."""
        return self.heads * self.head_width


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


class LtxVideo:
    """The workload ``ltx-video``: stages ``t5`` and ``transformer``."""

    name = "ltx-video"
    sizes = tuple(SIZES)

    def pipeline(self, options: Options) -> TorchPipeline:
        """List the blocks of both stages.

        Raises:
            BadInputError: an unknown size or stage, or a shape or depth that is not positive.
        """
        size = SIZES[chosen_size(self.name, options.size, self.sizes)]
        latent = options.latent() or _latent(options.video or Video(161, 512, 704))
        t5 = replace(size.t5, depth=options.layers(size.t5.depth))
        denoiser = replace(size, depth=options.layers(size.depth))
        models = {
            "t5": (_T5, partial(t5_stage, t5, PROMPT_TOKENS)),
            "transformer": (_TRANSFORMER, partial(_stage, denoiser, latent)),
        }
        return listed(self.name, options, models, f"latent {'x'.join(map(str, latent))}")


class Part1(nn.Module):
    """Everything before the blocks, and the rotation of each token for all of them."""

    def __init__(self, model: LTXVideoTransformer3DModel, latent: Latent) -> None:
        super().__init__()
        self.proj_in, self.caption_projection = model.proj_in, model.caption_projection
        self.waves = TimeWaves(model.time_embed.emb.time_proj.num_channels)
        self.time_embedding = model.time_embed.emb.timestep_embedder
        self.time_projection = model.time_embed.linear
        rope = model.rope
        ranges = [torch.arange(size, dtype=torch.float32, device="cpu") for size in latent]
        places = torch.stack(torch.meshgrid(*ranges, indexing="ij"), -1).flatten(0, 2)
        unit = (
            _FRAMES_PER_LATENT / rope.base_num_frames,
            _PIXELS_PER_LATENT / rope.base_height,
            _PIXELS_PER_LATENT / rope.base_width,
        )
        exponents = torch.linspace(0, 1, rope.dim // 6, device="cpu")
        self.padding = rope.dim % 6
        self.places: Tensor
        self.rates: Tensor
        self.register_buffer("places", places * torch.tensor(unit, device="cpu"), persistent=False)
        self.register_buffer("rates", rope.theta**exponents * (math.pi / 2), persistent=False)

    def forward(
        self, z: Tensor, t: Tensor, captions: Tensor, fps: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Embed the inputs.

        Args:
            z: the noisy latent, token by token, ``[B, N, 128]``.
            t: the timestep in 0..1000, ``[B]``.
            captions: the text encoder's states, ``[B, L, C]``.
            fps: frames a second, ``[1]``.

        Returns:
            ``x [B, N, width]``, ``y [B, L, width]``, ``t_mlp [B, 1, 6 * width]``,
            ``t_emb [B, 1, width]``, and ``cos`` and ``sin [1, N, width]``.
        """
        t_emb = self.time_embedding(self.waves(t))
        t_mlp = self.time_projection(F.silu(t_emb))
        cos, sin = self._rotation(fps)
        y = self.caption_projection(captions)
        return self.proj_in(z), y, t_mlp[:, None], t_emb[:, None], cos, sin

    def _rotation(self, fps: Tensor) -> tuple[Tensor, Tensor]:
        places = torch.cat((self.places[:, :1] / fps, self.places[:, 1:]), dim=-1)
        angles = ((2 * places - 1)[:, None, :] * self.rates[:, None]).flatten(1)
        cos, sin = (
            torch.stack((wave, wave), dim=-1).flatten(1) for wave in (angles.cos(), angles.sin())
        )
        if self.padding:
            cos, sin = F.pad(cos, (self.padding, 0), value=1.0), F.pad(sin, (self.padding, 0))
        return cos[None], sin[None]


class Block(nn.Module):
    """Self-attention, cross-attention to the prompt and a feed-forward network."""

    def __init__(self, model: LTXVideoTransformer3DModel, index: int) -> None:
        super().__init__()
        self.block = model.transformer_blocks[index]

    def forward(
        self, x: Tensor, y: Tensor, t_mlp: Tensor, cos: Tensor, sin: Tensor, mask: Tensor
    ) -> Tensor:
        """Update ``x [B, N, width]``; ``mask [B, L]`` is one for a token and zero for padding."""
        block = self.block
        table = block.scale_shift_table + torch.unflatten(t_mlp.squeeze(1), -1, (6, -1))
        shift1, scale1, gate1, shift2, scale2, gate2 = table.chunk(6, dim=1)
        tokens = block.norm1(x) * (1 + scale1) + shift1
        x = x + gate1 * _attend(block.attn1, tokens, tokens, rotation=(cos, sin))
        bias = (1 - mask[:, None, None, :]) * MASKED
        x = x + _attend(block.attn2, x, y, bias=bias)
        out: Tensor = x + gate2 * block.ff(block.norm2(x) * (1 + scale2) + shift2)
        return out


class Part2(nn.Module):
    """Everything after the blocks."""

    def __init__(self, model: LTXVideoTransformer3DModel) -> None:
        super().__init__()
        self.scale_shift_table = model.scale_shift_table
        self.norm_out, self.proj_out = model.norm_out, model.proj_out

    def forward(self, x: Tensor, t_emb: Tensor) -> Tensor:
        """Map ``x [B, N, width]`` and ``t_emb [B, 1, width]`` to ``[B, N, 128]``."""
        shift, scale = (self.scale_shift_table + t_emb).chunk(2, dim=1)
        out: Tensor = self.proj_out(self.norm_out(x) * (1 + scale) + shift)
        return out


def empty_transformer(size: Size) -> LTXVideoTransformer3DModel:
    """The whole denoiser, as diffusers defines it, on the ``meta`` device."""
    diffusers = definitions("diffusers")
    with torch.device("meta"):
        model: LTXVideoTransformer3DModel = diffusers.LTXVideoTransformer3DModel(
            num_attention_heads=size.heads,
            attention_head_dim=size.head_width,
            cross_attention_dim=size.width,
            num_layers=size.depth,
            caption_channels=size.t5.width,
        )
    return model


def _attend(
    attention: LTXAttention,
    x: Tensor,
    y: Tensor,
    rotation: tuple[Tensor, Tensor] | None = None,
    bias: Tensor | None = None,
) -> Tensor:
    query = _rms_norm(attention.to_q(x), attention.norm_q)
    key = _rms_norm(attention.to_k(y), attention.norm_k)
    if rotation is not None:
        query, key = _rotate(query, *rotation), _rotate(key, *rotation)
    query, key, value = (
        torch.unflatten(part, -1, (attention.heads, -1)).transpose(1, 2)
        for part in (query, key, attention.to_v(y))
    )
    attended = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
    out: Tensor = attention.to_out[0](attended.transpose(1, 2).flatten(-2))
    return out


def _rms_norm(x: Tensor, norm: nn.RMSNorm) -> Tensor:
    """What ``norm`` computes, in operations that coremltools converts."""
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + _NORM_EPSILON) * norm.weight


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    even, odd = torch.unflatten(x, -1, (-1, 2)).unbind(-1)
    return x * cos + torch.stack((-odd, even), dim=-1).flatten(-2) * sin


def _latent(video: Video) -> Latent:
    """The size that its autoencoder gives: a frame, then one of each eight; 32x32 pixels one."""
    height, width = (max(pixels // _PIXELS_PER_LATENT, 1) for pixels in (video.height, video.width))
    return Latent((video.frames - 1) // _FRAMES_PER_LATENT + 1, height, width)


def _stage(size: Size, latent: Latent, weights: Weights) -> TorchStage:
    tokens, width = math.prod(latent), size.width
    z = port("z", BATCH, tokens, LATENT_CHANNELS)
    t, fps = port("t", BATCH), port("fps", 1)
    captions = port("captions", BATCH, PROMPT_TOKENS, size.t5.width)
    mask = port("mask", BATCH, PROMPT_TOKENS)
    x, y = port("x", BATCH, tokens, width), port("y", BATCH, PROMPT_TOKENS, width)
    t_mlp, t_emb = port("t_mlp", BATCH, 1, 6 * width), port("t_emb", BATCH, 1, width)
    cos, sin = port("cos", 1, tokens, width), port("sin", 1, tokens, width)
    x_out = port("x_out", *x.shape, tensor="x")
    v = port("v", *z.shape)

    def block(
        name: str,
        inputs: tuple[Port, ...],
        outputs: tuple[Port, ...],
        part: Callable[[LTXVideoTransformer3DModel], nn.Module],
        kind: str = "",
    ) -> TorchBlock:
        return TorchBlock(name, inputs, outputs, partial(_build, size, weights, part), kind)

    embedded = (x, y, t_mlp, t_emb, cos, sin)
    taken = (x, y, t_mlp, cos, sin, mask)
    blocks = (
        block(f"block_{i:02d}", taken, (x_out,), partial(Block, index=i), "block")
        for i in range(size.depth)
    )
    return TorchStage(
        "transformer",
        STEPS,
        (
            block("part1", (z, t, captions, fps), embedded, partial(Part1, latent=latent)),
            *blocks,
            block("part2", (x, t_emb), (v,), Part2),
        ),
    )


def _build(
    size: Size, weights: Weights, part: Callable[[LTXVideoTransformer3DModel], nn.Module]
) -> nn.Module:
    model = empty_transformer(size)
    return materialise(part(model), model, weights)


WORKLOAD = LtxVideo()
