"""Arguments laid out in one way, so that the same numbers give the same bits.

Torch sums, and takes functions such as ``exp``, in another order or by another routine where a
tensor is a strided view. A model that is cut at such a tensor gets it from a file, laid out afresh;
it must compute what the whole model does.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from devsim.runtime.reference.program import Value

_ANY = {
    "abs", "add", "cast", "ceil", "clip", "concat", "equal", "expand_dims", "floor", "gather",
    "gather_along_axis", "gather_nd", "greater", "greater_equal", "identity", "less", "less_equal",
    "logical_and", "logical_not", "logical_or", "logical_xor", "maximum", "minimum", "mul",
    "not_equal", "pad", "real_div", "relu", "reshape", "reverse", "round", "select", "sign",
    "slice_by_index", "slice_by_size", "split", "squeeze", "square", "stack", "sub", "tile",
    "transpose",
}  # fmt: skip
"""Operations that move numbers, or compute each in one exactly rounded step."""


def in_one_layout(operation: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """What to call for an operation; ``function`` where layout makes no difference.

    Args:
        operation: its name in MIL.
        function: what computes it.
    """
    if operation in _ANY:
        return function
    return lambda *arguments: function(*[_contiguous(argument) for argument in arguments])


def _contiguous(argument: Value) -> Value:
    if isinstance(argument, tuple):
        return tuple(_contiguous(each) for each in argument)
    return argument.contiguous() if isinstance(argument, Tensor) else argument
