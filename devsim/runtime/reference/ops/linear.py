"""Products of matrices."""

import torch
import torch.nn.functional as F
from torch import Tensor

from devsim.runtime.reference.ops.casting import alike
from devsim.runtime.reference.ops.registry import Tensors, op


@op("linear")
def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``x @ weight.T + bias``."""
    x, weight = alike(x, weight)
    return F.linear(x, weight, None if bias is None else bias.to(x.dtype))


@op("matmul")
def matmul(x: Tensor, y: Tensor, transpose_x: bool = False, transpose_y: bool = False) -> Tensor:
    """``x @ y``, either with its last two dimensions exchanged."""
    x, y = alike(x, y)
    return torch.matmul(_transposed(x, transpose_x), _transposed(y, transpose_y))


@op("einsum")
def einsum(values: Tensors, equation: str) -> Tensor:
    """A sum of products in Einstein's notation."""
    return torch.einsum(equation, *values)


@op("scaled_dot_product_attention")
def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None
) -> Tensor:
    """``softmax(query @ key.T / sqrt(E) + mask) @ value``; a bool mask says what takes part."""
    if attn_mask is not None and attn_mask.dtype != torch.bool:
        attn_mask = attn_mask.to(query.dtype)
    return F.scaled_dot_product_attention(query, key, value, attn_mask)


def _transposed(x: Tensor, wanted: bool) -> Tensor:
    return x.transpose(-1, -2) if wanted and x.dim() > 1 else x
