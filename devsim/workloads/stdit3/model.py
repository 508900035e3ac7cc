"""STDiT3 and the parts that it is cut into.

Source: Zheng et al., Open-Sora 1.2 (STDiT3-XL/2) and its published checkpoint
hpcai-tech/OpenSora-STDiT-v3, whose state-dict keys and shapes are kept. The cut is that of the
On-device Sora app: an embedding part, one part for each spatial and temporal block, and a last.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from devsim.core.video import Latent, Video, video_of_latent
from devsim.workloads.stdit3.embed import (
    CaptionEmbedder,
    PatchEmbedder,
    ScalarEmbedder,
    position_embedding,
)
from devsim.workloads.stdit3.frames import EveryFrame, FrameGroups
from devsim.workloads.stdit3.layers import (
    CrossAttention,
    Mlp,
    RotaryEmbedding,
    SelfAttention,
    modulate,
)


@dataclass(frozen=True, slots=True)
class STDiT3Config:
    """Sizes of the model; the defaults are STDiT3-XL/2's."""

    width: int = 1152
    depth: int = 28
    heads: int = 16
    mlp_ratio: int = 4
    latent_channels: int = 4
    caption_channels: int = 4096
    caption_length: int = 300
    training_pixels: int = 512

    @property
    def output_channels(self) -> int:
        """The velocity's channels, then as many that training needed and sampling ignores."""
        return 2 * self.latent_channels


class STDiT3Block(nn.Module):
    """Self-attention, cross-attention to the captions and a feed-forward network."""

    def __init__(self, config: STDiT3Config) -> None:
        super().__init__()
        width = config.width
        self.attn = SelfAttention(width, config.heads)
        self.cross_attn = CrossAttention(width, config.heads)
        self.mlp = Mlp(width, config.mlp_ratio * width, width)
        self.scale_shift_table = nn.Parameter(torch.zeros(6, width))

    def forward(
        self,
        x: Tensor,
        y: Tensor,
        t_mlp: Tensor,
        mask: Tensor,
        frames: FrameGroups,
        rope: RotaryEmbedding | None = None,
    ) -> Tensor:
        """Update ``x [B, frames * S, C]``; along time if there is a ``rope``, else in each frame.

        Args:
            x: video tokens, frame by frame.
            y: caption tokens, ``[B, L, C]``.
            t_mlp: the time's shifts, scales and gates, ``[B, 6 * C]``.
            mask: one for a caption token and zero for padding, ``[B, L]``.
            frames: the groups of frames in ``x`` that attention sees as one.
            rope: rotary embedding of the frames.
        """
        table = self.scale_shift_table + torch.unflatten(t_mlp, -1, (6, -1))
        shift1, scale1, gate1, shift2, scale2, gate2 = table.chunk(6, dim=1)
        merged = frames.merge(modulate(x, shift1, scale1))
        tokens = torch.unflatten(merged, 1, (frames.groups, -1))
        if rope is None:
            attended = self.attn(tokens.flatten(0, 1)).unflatten(0, (-1, frames.groups))
        else:
            across = self.attn(tokens.transpose(1, 2).flatten(0, 1), rope)
            attended = across.unflatten(0, (x.shape[0], -1)).transpose(1, 2)
        x = x + gate1 * frames.spread(attended.flatten(1, 2))
        x = x + frames.spread(self.cross_attn(frames.merge(x), y, mask))
        out: Tensor = x + gate2 * self.mlp(modulate(x, shift2, scale2))
        return out


class FinalLayer(nn.Module):
    """From tokens to the values of their patches."""

    def __init__(self, config: STDiT3Config) -> None:
        super().__init__()
        self.linear = nn.Linear(config.width, 4 * config.output_channels)
        self.scale_shift_table = nn.Parameter(torch.zeros(2, config.width))

    def forward(self, x: Tensor, t_emb: Tensor) -> Tensor:
        """Map ``x [B, N, C]`` and ``t_emb [B, C]`` to ``[B, N, 4 * output channels]``."""
        shift, scale = (self.scale_shift_table + t_emb[:, None]).chunk(2, dim=1)
        out: Tensor = self.linear(modulate(x, shift, scale))
        return out


class STDiT3(nn.Module):
    """The whole denoiser."""

    def __init__(self, config: STDiT3Config) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.rope = RotaryEmbedding(width // config.heads)
        self.x_embedder = PatchEmbedder(config.latent_channels, width)
        self.t_embedder = ScalarEmbedder(width)
        self.fps_embedder = ScalarEmbedder(width)
        self.t_block = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))
        self.y_embedder = CaptionEmbedder(config.caption_channels, width, config.caption_length)
        self.spatial_blocks = nn.ModuleList(STDiT3Block(config) for _ in range(config.depth))
        self.temporal_blocks = nn.ModuleList(STDiT3Block(config) for _ in range(config.depth))
        self.final_layer = FinalLayer(config)

    def forward(
        self,
        z: Tensor,
        t: Tensor,
        captions: Tensor,
        fps: Tensor,
        mask: Tensor,
        video: Video | None = None,
    ) -> Tensor:
        """The velocity (and its unused second half), ``[B, 8, T, H, W]``; see the parts.

        ``video`` is the size in pixels, 8 for each of the latent's when None.
        """
        latent = Latent(*z.shape[2:])
        part1 = Part1(self, video or video_of_latent(latent))
        x, y, t_mlp, t_emb = part1(z, t, captions, fps)
        for index in range(self.config.depth):
            x = SpatialTemporalPair(self, index, EveryFrame(latent.frames))(x, y, t_mlp, mask)
        out: Tensor = Part2(self, latent)(x, t_emb)
        return out


class Part1(nn.Module):
    """Everything before the blocks."""

    def __init__(self, model: STDiT3, video: Video) -> None:
        super().__init__()
        config = model.config
        latent = video.latent
        self.x_embedder = model.x_embedder
        self.t_embedder = model.t_embedder
        self.fps_embedder = model.fps_embedder
        self.t_block = model.t_block
        self.y_embedder = model.y_embedder
        scale = (video.height * video.width) ** 0.5 / config.training_pixels
        frame = position_embedding(latent.rows, latent.columns, config.width, scale)
        self.frames = latent.frames
        self.positions: Tensor
        self.register_buffer("positions", frame, persistent=False)

    def forward(
        self, z: Tensor, t: Tensor, captions: Tensor, fps: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Embed the inputs.

        Args:
            z: the noisy latent, ``[B, 4, T, H, W]``.
            t: the timestep in 0..1000, ``[B]``.
            captions: the text encoder's states, ``[B, 1, L, caption channels]``.
            fps: frames a second, ``[1]``.

        Returns:
            ``x [B, N, C]``, ``y [B, L, C]``, ``t_mlp [B, 6 * C]`` and ``t_emb [B, C]``.
        """
        t_emb = self.t_embedder(t) + self.fps_embedder(fps)
        x = self.x_embedder(z).unflatten(1, (self.frames, -1)) + self.positions
        return x.flatten(1, 2), self.y_embedder(captions), self.t_block(t_emb), t_emb


class SpatialTemporalPair(nn.Module):
    """One spatial and one temporal block."""

    def __init__(self, model: STDiT3, index: int, frames: FrameGroups) -> None:
        super().__init__()
        self.spatial = model.spatial_blocks[index]
        self.temporal = model.temporal_blocks[index]
        self.rope = model.rope
        self.frames = frames

    def forward(self, x: Tensor, y: Tensor, t_mlp: Tensor, mask: Tensor) -> Tensor:
        """Update ``x [B, N, C]``."""
        x = self.spatial(x, y, t_mlp, mask, self.frames)
        out: Tensor = self.temporal(x, y, t_mlp, mask, self.frames, self.rope)
        return out


class Part2(nn.Module):
    """Everything after the blocks."""

    def __init__(self, model: STDiT3, latent: Latent) -> None:
        super().__init__()
        self.final_layer = model.final_layer
        self.latent = latent

    def forward(self, x: Tensor, t_emb: Tensor) -> Tensor:
        """Map ``x [B, N, C]`` and ``t_emb [B, C]`` to ``[B, 8, T, H, W]``."""
        frames, height, width = self.latent
        rows, columns = self.latent.rows, self.latent.columns
        patches: Tensor = self.final_layer(x, t_emb)
        batch, channels = x.shape[0], patches.shape[-1] // 4
        pixels = patches.reshape(batch * frames, rows, columns, 2, 2 * channels).transpose(2, 3)
        video = pixels.reshape(batch, frames, 2 * rows, 2 * columns, channels)
        if height % 2 or width % 2:
            video = video[:, :, :height, :width]
        return video.permute(0, 4, 1, 2, 3)
