"""Attention, feed-forward and rotary layers of an STDiT3 block.

Module and parameter names follow the published checkpoint (hpcai-tech/OpenSora-STDiT-v3). No
tensor has more than five dimensions, Core ML's limit.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EPSILON = 1e-6
MASKED = -1e4  # softmax makes it zero in float32, and float16 can hold it


class RMSNorm(nn.Module):
    """Scales the last dimension to a root mean square of one, then by a learned weight."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``[..., width]``."""
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + EPSILON) * self.weight


class RotaryEmbedding(nn.Module):
    """Rotates consecutive pairs of channels by an angle that grows with the position.

    Source: Su et al., arXiv 2104.09864; pairs are (0, 1), (2, 3), ... as in the checkpoint.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        exponents = torch.arange(0, width, 2, dtype=torch.float32, device="cpu") / width
        self.freqs = nn.Parameter(10000.0**-exponents, requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """Rotate ``[B, heads, N, width]`` by each token's place along N."""
        positions = torch.arange(x.shape[-2], dtype=self.freqs.dtype, device=self.freqs.device)
        angles = (positions[:, None] * self.freqs).repeat_interleave(2, dim=-1)
        even, odd = torch.unflatten(x, -1, (-1, 2)).unbind(-1)
        quarter_turn = torch.stack((-odd, even), dim=-1).flatten(-2)
        return x * angles.cos() + quarter_turn * angles.sin()


class SelfAttention(nn.Module):
    """Multi-head attention over one sequence, with normalised queries and keys."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.q_norm = RMSNorm(width // heads)
        self.k_norm = RMSNorm(width // heads)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor, rope: RotaryEmbedding | None = None) -> Tensor:
        """Attend within ``[B, N, C]``; ``rope`` rotates queries and keys after their norm."""
        query, key, value = (_split_heads(part, self.heads) for part in self.qkv(x).chunk(3, -1))
        query, key = self.q_norm(query), self.k_norm(key)
        if rope is not None:
            query, key = rope(query), rope(key)
        out: Tensor = self.proj(_join_heads(F.scaled_dot_product_attention(query, key, value)))
        return out


class CrossAttention(nn.Module):
    """Multi-head attention from video tokens to caption tokens."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_linear = nn.Linear(width, width)
        self.kv_linear = nn.Linear(width, 2 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor, y: Tensor, mask: Tensor) -> Tensor:
        """Attend from ``x [B, N, C]`` to ``y [B, L, C]`` where ``mask [B, L]`` is one, not zero.

        The published model drops the padding of all captions and attends block by block over
        what is left; a large negative bias on the padding gives the same sums.
        """
        query = _split_heads(self.q_linear(x), self.heads)
        key, value = (_split_heads(part, self.heads) for part in self.kv_linear(y).chunk(2, -1))
        bias = (1 - mask[:, None, None, :]) * MASKED
        out: Tensor = self.proj(
            _join_heads(F.scaled_dot_product_attention(query, key, value, attn_mask=bias))
        )
        return out


class Mlp(nn.Module):
    """Two linear layers with a tanh-approximated GELU between them."""

    def __init__(self, width_in: int, width_hidden: int, width_out: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width_in, width_hidden)
        self.fc2 = nn.Linear(width_hidden, width_out)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[..., width_in]`` to ``[..., width_out]``."""
        out: Tensor = self.fc2(F.gelu(self.fc1(x), approximate="tanh"))
        return out


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """Normalise ``x [B, N, C]`` without weights, then scale by ``1 + scale`` and shift."""
    return F.layer_norm(x, x.shape[-1:], eps=EPSILON) * (1 + scale) + shift


def _split_heads(x: Tensor, heads: int) -> Tensor:
    return torch.unflatten(x, -1, (heads, -1)).transpose(1, 2)


def _join_heads(x: Tensor) -> Tensor:
    return x.transpose(1, 2).flatten(-2)
