"""The table of operations: a function for each MIL operation, found by its name.

An operation is a function of its MIL parameters, by their MIL names, with their MIL defaults::

    @op("softmax")
    def softmax(x: Tensor, axis: int = -1) -> Tensor:
        return torch.softmax(x, axis)

An annotation says how a parameter arrives: a ``Tensor`` as it is; ``int``, ``float``, ``bool``,
``str``, ``Ints`` and ``Bools`` as Python values, whether the package holds them as constants or
computes them; ``tuple[Tensor, ...]`` where MIL takes several values; ``Opaque`` for what is no
tensor. A result is cast to the dtype and checked against the shape that the package declares, so a
function need not care that torch counts in int64. An operation never changes its arguments: they
may be weights.
"""

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from torch import Tensor

Ints = tuple[int, ...]
Bools = tuple[bool, ...]
Tensors = tuple[Tensor, ...]
Opaque = Any
"""A list or a state, passed as it is."""

Annotation = Any
Convert = Callable[[Any], Any]
Function = TypeVar("Function", bound=Callable[..., Any])
REQUIRED: Any = inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation.

    Attributes:
        name: its MIL name.
        convert: makes the Python value from a tensor; None where the tensor itself is wanted.
        several: whether MIL passes several values.
        default: for when the package leaves it out; ``REQUIRED`` when it may not.
    """

    name: str
    convert: Convert | None
    several: bool
    default: Any


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation the runtime knows.

    Attributes:
        function: takes every parameter in order; returns a tensor, or a tuple of several.
        parameters: in the function's order.
        elements: how many elements the arguments ask for, where a few numbers can ask for any
            amount; checked against the declared result before anything is allocated.
    """

    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    elements: Callable[..., int] | None


OPERATIONS: dict[str, Operation] = {}


def op(*names: str, elements: Callable[..., int] | None = None) -> Callable[[Function], Function]:
    """Register a function as the MIL operations of these names."""

    def register(function: Function) -> Function:
        operation = Operation(function, _parameters(function), elements)
        for name in names:
            OPERATIONS[name] = operation
        return function

    return register


def plain(functions: Mapping[str, Callable[..., Tensor]], *parameters: str) -> None:
    """Register functions that take tensors only, all of them required."""
    for name, function in functions.items():
        OPERATIONS[name] = Operation(
            function, tuple(Parameter(each, None, False, REQUIRED) for each in parameters), None
        )


def _parameters(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    hints = typing.get_type_hints(function)
    return tuple(
        Parameter(name, *_kind(hints[name]), declared.default)
        for name, declared in inspect.signature(function).parameters.items()
    )


def _kind(annotation: Annotation) -> tuple[Convert | None, bool]:
    present = [arg for arg in typing.get_args(annotation) if arg is not type(None)]
    origin: Any = typing.get_origin(annotation)
    if origin is not tuple and len(present) == 1:
        annotation = present[0]
    if annotation in _CONVERSIONS:
        return _CONVERSIONS[annotation], False
    return _CONVERSIONS[typing.get_args(annotation)[0]], True


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a string is needed")
    return value


def _whole(value: Tensor) -> int:
    number = value.item()
    if not isinstance(number, int):
        raise TypeError("a whole number is needed")
    return int(number)


def _wholes(value: Tensor) -> Ints:
    if value.is_floating_point():
        raise TypeError("whole numbers are needed")
    return tuple(int(number) for number in value.reshape(-1).tolist())


def _flags(value: Tensor) -> Bools:
    return tuple(bool(flag) for flag in value.reshape(-1).tolist())


_CONVERSIONS: dict[Any, Convert | None] = {
    Tensor: None,
    Opaque: None,
    int: _whole,
    float: lambda value: float(value.item()),
    bool: lambda value: bool(value.item()),
    str: _text,
    Ints: _wholes,
    Bools: _flags,
}
