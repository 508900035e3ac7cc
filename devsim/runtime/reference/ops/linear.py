"""Products of matrices."""

import torch
import torch.nn.functional as F
from torch import Tensor

from devsim.runtime.reference.ops.casting import alike
from devsim.runtime.reference.ops.registry import Tensors, op

_FEWEST_ROWS = 64
_RUN_ELEMENTS = 1 << 16


@op("linear")
def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``x @ weight.T + bias``."""
    x, weight = alike(x, weight)
    return F.linear(x, weight, None if bias is None else bias.to(x.dtype))


@op("matmul")
def matmul(x: Tensor, y: Tensor, transpose_x: bool = False, transpose_y: bool = False) -> Tensor:
    """``x @ y``, either with its last two dimensions exchanged."""
    x, y = alike(x, y)
    x, y = _transposed(x, transpose_x), _transposed(y, transpose_y)
    if min(x.dim(), y.dim()) < 3:
        return torch.matmul(x, y)
    rows, step = x.shape[-2], rows_at_once(x.shape[-1], y.shape[-1])
    result = torch.matmul(x.narrow(-2, 0, min(step, rows)), y)
    if step >= rows:
        return result
    whole = result.new_empty((*result.shape[:-2], rows, result.shape[-1]))
    whole.narrow(-2, 0, step).copy_(result)
    for start in range(step, rows, step):
        count = min(step, rows - start)
        whole.narrow(-2, start, count).copy_(torch.matmul(x.narrow(-2, start, count), y))
    return whole


def rows_at_once(inner: int, columns: int) -> int:
    """How many rows of a product of many matrices are computed at once.

    The same for a product and for one of its result with the transposed: so either can follow the
    other run by run of rows, and a row's bits do not depend on whether it does.

    Args:
        inner: elements of a row of the first matrix.
        columns: of the second.
    """
    return max(_FEWEST_ROWS, _RUN_ELEMENTS // max(inner, columns, 1))


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
