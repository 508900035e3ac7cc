"""Unsigned integers of more than a byte, computed in wider signed ones.

Torch stores them, and has few operations on them: it neither gathers, sorts, flips nor compares
them, in some cases only in one dimension. What is computed in wider integers and cast to the
declared type wraps around as the type itself does.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from devsim.runtime.reference.program import Value

_WIDER = {torch.uint16: torch.int32, torch.uint32: torch.int64, torch.uint64: torch.int64}
_KEEPING = {"coreml_update_state", "write_state"}
"""Operations that store what they take, in the type it has."""


def in_wider(
    operation: str, function: Callable[..., Any], dtypes: Iterable[torch.dtype | None]
) -> Callable[..., Any]:
    """What to call for an operation; ``function`` where torch computes with all that it takes.

    Args:
        operation: its name in MIL.
        function: what computes it in the types of its arguments.
        dtypes: of its arguments, as declared.
    """
    if operation in _KEEPING or _WIDER.keys().isdisjoint(dtypes):
        return function
    return lambda *arguments: function(*[_widened(argument) for argument in arguments])


def _widened(argument: Value) -> Value:
    if isinstance(argument, tuple):
        return tuple(_widened(each) for each in argument)
    wider = _WIDER.get(argument.dtype) if isinstance(argument, Tensor) else None
    return argument if wider is None else argument.to(wider)
