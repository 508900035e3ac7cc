"""Operations on half-precision tensors that are computed in single precision and rounded once.

Most processors have no half-precision arithmetic, and torch then takes six times as long for a
product as in single precision (``benchmarks/reference_runtime.py predict``). A product accumulates
in single precision either way, so only the rounding of the result remains, and the package declares
that. Nor has an operation of several steps a result before its last: the norm of numbers whose
squares no half-precision number holds is finite.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from devsim.runtime.reference.program import Value

# So many rows at once that a product is fast, and so few that their copies are small.
_ROWS = 1024


def in_single(operation: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """What to call for an operation that gives half precision.

    Args:
        operation: its name in MIL.
        function: what computes it in the precision of its arguments.
    """
    if operation == "linear":
        return _linear
    if operation in _PRODUCTS or operation in _OF_STEPS:
        return lambda *arguments: function(*[_widened(argument) for argument in arguments])
    return function


_PRODUCTS = {"conv", "conv_transpose", "einsum", "matmul", "scaled_dot_product_attention"}
_OF_STEPS = {
    "cumsum", "inverse", "l2_pool", "linear_activation", "reduce_l2_norm",
    "reduce_log_sum", "reduce_log_sum_exp", "reduce_prod", "reduce_sum_square", "scaled_tanh",
    "sigmoid_hard", "softplus", "softplus_parametric",
}  # fmt: skip


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    # From iOS 17 on they may be integers.
    wide = weight.float()
    added = None if bias is None else bias.float()
    result = x.new_empty((*x.shape[:-1], weight.shape[0]))
    rows, results = x.reshape(-1, x.shape[-1]), result.view(-1, weight.shape[0])
    for start in range(0, len(rows), _ROWS):
        part = slice(start, start + _ROWS)
        results[part] = F.linear(_widened(rows[part]), wide, added)
    return result


def _widened(argument: Value) -> Value:
    if isinstance(argument, tuple):
        return tuple(_widened(each) for each in argument)
    half = isinstance(argument, Tensor) and argument.dtype == torch.float16
    return argument.float() if half else argument
