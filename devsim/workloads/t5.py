"""T5's encoder as a stage: ``embed``, ``block_00`` onwards, ``final_norm``.

The layers are those of transformers' ``T5EncoderModel``; the cut is that of the On-device Sora
app: block 0 also makes the position bias, which every other block takes.
Source of the sizes: google/t5-v1_1-xxl, whose encoder DeepFloyd/t5-v1_1-xxl is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from devsim.core.manifest import Port
from devsim.workloads.definitions import definitions
from devsim.workloads.pipeline import TorchBlock, TorchStage, port
from devsim.workloads.weights import Weights, materialise

if TYPE_CHECKING:
    from transformers import T5EncoderModel
    from transformers.models.t5.modeling_t5 import T5Attention, T5Block

MASKED = -1e4  # softmax makes it zero in float32, and float16 can hold it


@dataclass(frozen=True, slots=True)
class T5Size:
    """Sizes of the encoder; the defaults are T5 v1.1 XXL's."""

    width: int = 4096
    depth: int = 24
    heads: int = 64
    head_width: int = 64
    hidden: int = 10240
    vocabulary: int = 32128


def t5_stage(size: T5Size, length: int, weights: Weights) -> TorchStage:
    """The stage ``t5``: from token numbers to ``text``, one prompt of ``length`` tokens.

    Its ``mask`` is one for a token and zero for padding. Its weights are int8 by default, as the
    app's are: it computes once, so that loading them is what it costs.
    """
    ids = port("ids", 1, length, dtype="int32")
    mask = port("mask", 1, 1, 1, length)
    hidden = port("hidden", 1, length, size.width)
    hidden_out = port("hidden_out", 1, length, size.width, tensor="hidden")
    bias = port("position_bias", 1, size.heads, length, length)
    text = port("text", 1, length, size.width)

    def block(
        name: str,
        inputs: tuple[Port, ...],
        outputs: tuple[Port, ...],
        part: Callable[[T5EncoderModel], nn.Module],
        kind: str = "",
    ) -> TorchBlock:
        return TorchBlock(name, inputs, outputs, partial(_build, size, weights, part), kind)

    later = (
        block(
            f"block_{index:02d}",
            (hidden, mask, bias),
            (hidden_out,),
            partial(EncoderBlock, index=index),
            kind="block",
        )
        for index in range(1, size.depth)
    )
    return TorchStage(
        "t5",
        1,
        (
            block("embed", (ids,), (hidden,), Embed),
            block(
                "block_00", (hidden, mask), (hidden_out, bias), partial(FirstBlock, length=length)
            ),
            *later,
            block("final_norm", (hidden,), (text,), FinalNorm),
        ),
        precision="int8",
    )


def empty_t5(size: T5Size) -> T5EncoderModel:
    """The whole encoder, as transformers defines it, on the ``meta`` device."""
    transformers = definitions("transformers")
    config = transformers.T5Config(
        vocab_size=size.vocabulary,
        d_model=size.width,
        d_kv=size.head_width,
        d_ff=size.hidden,
        num_layers=size.depth,
        num_heads=size.heads,
        feed_forward_proj="gated-gelu",
        is_encoder_decoder=False,
    )
    with torch.device("meta"):
        model: T5EncoderModel = transformers.T5EncoderModel(config)
    return model


def initial_stds(model: T5EncoderModel) -> dict[str, float]:
    """Standard deviations, by name, of what T5 does not initialise by the number of inputs.

    T5 does not divide its scores by the root of a head's width: its queries begin that much
    smaller. Where they do not, softmax saturates and float32 itself is far from exact.
    Source: ``T5PreTrainedModel._init_weights`` of transformers.
    """
    width, head_width = model.config.d_model, model.config.d_kv
    stds = {
        "shared": 1.0,
        "q": (width * head_width) ** -0.5,
        "relative_attention_bias": width**-0.5,
    }
    owners = {name: name.split(".")[-2] for name in model.state_dict()}
    return {name: stds[owner] for name, owner in owners.items() if owner in stds}


class Embed(nn.Module):
    """From token numbers to vectors."""

    def __init__(self, model: T5EncoderModel) -> None:
        super().__init__()
        self.shared = model.shared

    def forward(self, ids: Tensor) -> Tensor:
        """Map ``ids [1, L]`` to ``[1, L, width]``."""
        out: Tensor = self.shared(ids)
        return out


class EncoderBlock(nn.Module):
    """Self-attention and a gated feed-forward network."""

    def __init__(self, model: T5EncoderModel, index: int) -> None:
        super().__init__()
        self.block = model.encoder.block[index]

    def forward(self, hidden: Tensor, mask: Tensor, position_bias: Tensor) -> Tensor:
        """Update ``hidden [1, L, width]``.

        Args:
            hidden: a vector for each token.
            mask: one for a token and zero for padding, ``[1, 1, 1, L]``.
            position_bias: added to the scores, ``[1, heads, L, L]``.
        """
        return _compute(self.block, hidden, position_bias + (1 - mask) * MASKED)


class FirstBlock(nn.Module):
    """Block 0, which owns the table of relative positions."""

    def __init__(self, model: T5EncoderModel, length: int) -> None:
        super().__init__()
        self.block = model.encoder.block[0]
        attention = self.block.layer[0].SelfAttention
        places = torch.arange(length, device="cpu")
        buckets = attention._relative_position_bucket(
            places[None, :] - places[:, None],
            num_buckets=attention.relative_attention_num_buckets,
            max_distance=attention.relative_attention_max_distance,
        )
        self.buckets: Tensor
        self.register_buffer("buckets", buckets.to(torch.int32), persistent=False)

    def forward(self, hidden: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Update ``hidden [1, L, width]``; also the position bias ``[1, heads, L, L]``."""
        table = self.block.layer[0].SelfAttention.relative_attention_bias
        position_bias = table(self.buckets).permute(2, 0, 1)[None]
        return _compute(self.block, hidden, position_bias + (1 - mask) * MASKED), position_bias


class FinalNorm(nn.Module):
    """The norm after the last block."""

    def __init__(self, model: T5EncoderModel) -> None:
        super().__init__()
        self.norm = model.encoder.final_layer_norm

    def forward(self, hidden: Tensor) -> Tensor:
        """Normalise ``[1, L, width]``."""
        out: Tensor = self.norm(hidden)
        return out


def _compute(block: T5Block, hidden: Tensor, bias: Tensor) -> Tensor:
    attention, feed_forward = block.layer[0], block.layer[1]
    hidden = hidden + _attend(attention.SelfAttention, attention.layer_norm(hidden), bias)
    out: Tensor = feed_forward(hidden)
    return out


def _attend(attention: T5Attention, x: Tensor, bias: Tensor) -> Tensor:
    query, key, value = (
        torch.unflatten(project(x), -1, (attention.n_heads, -1)).transpose(1, 2)
        for project in (attention.q, attention.k, attention.v)
    )
    attended = F.scaled_dot_product_attention(query, key, value, attn_mask=bias, scale=1.0)
    out: Tensor = attention.o(attended.transpose(1, 2).flatten(-2))
    return out


def _build(
    size: T5Size, weights: Weights, part: Callable[[T5EncoderModel], nn.Module]
) -> nn.Module:
    model = empty_t5(size)
    return materialise(part(model), model, weights, initial_stds(model))
