"""A package's program evaluated in float64, from its stored bytes by Apple's reader of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from coremltools.converters.mil.frontend.milproto import load as milproto
from coremltools.converters.mil.frontend.milproto.helper import proto_to_types
from coremltools.converters.mil.mil import types

from conformance.exact.compressed import COMPRESSED
from conformance.exact.convolutions import CONVOLUTIONS
from conformance.exact.elementwise import ELEMENTWISE
from conformance.exact.recurrent import RECURRENT
from conformance.exact.resampled import RESAMPLED
from devsim.core.errors import DevsimError

Untyped = Any
Array = npt.NDArray[Any]
Rounding = Callable[[Array, np.dtype[Any]], Array]
"""From a result in float64 and the type that the program declares of it, to what goes on."""

_OPERATIONS: Mapping[str, Callable[..., Any]] = {
    **COMPRESSED,
    **CONVOLUTIONS,
    **ELEMENTWISE,
    **RECURRENT,
    **RESAMPLED,
}
_FIX = "add it to conformance.exact"


class UnknownProgramError(DevsimError):
    """A program with an operation that is not evaluated exactly."""


@dataclass(frozen=True, slots=True)
class Output:
    """An output of a program.

    Attributes:
        exact: its value in float64, whatever type is declared of it.
        holds: the type its values have: the declared one, or that of what was cast to it, where
            that is narrower.
    """

    exact: Array
    holds: np.dtype[Any]


def unrounded(result: Array, declared: np.dtype[Any]) -> Array:
    """Arithmetic without end: the result as it is."""
    return result


def rounded(result: Array, declared: np.dtype[Any]) -> Array:
    """Every result rounded once, to the type that the program declares of it."""
    return result.astype(declared).astype(np.float64)


def evaluate(model: Untyped, inputs: Mapping[str, Any], rounding: Rounding) -> dict[str, Output]:
    """Compute every output of a package.

    Inputs and constants are taken at the values that their declared types hold, since no runtime
    can take or store anything else; ``rounding`` says what becomes of the results after them.

    Args:
        model: the ``MLModel``.
        inputs: by name.
        rounding: of the result of every operation.

    Raises:
        UnknownProgramError: an operation or a form of it that nothing here computes.
    """
    program = model.get_spec().mlProgram
    function = program.functions[model.function_name or "main"]
    block = function.block_specializations[function.opset]
    constants = milproto.TranscriptionContext(model.weights_dir)
    holds = {named.name: _element(named.type) for named in function.inputs}
    values: dict[str, Any] = {
        name: _exact(np.asarray(inputs[name]).astype(declared)) for name, declared in holds.items()
    }
    for operation in block.operations:
        holds |= {named.name: _element(named.type) for named in operation.outputs}
        results = _results(operation, values, constants)
        for named, result in zip(operation.outputs, results, strict=True):
            values[named.name] = _kept(result, holds[named.name], rounding)
        if operation.type == "cast":
            name, source = operation.outputs[0].name, operation.inputs["x"].arguments[0].name
            holds[name] = min(holds[name], holds[source], key=lambda declared: declared.itemsize)
    return {name: Output(values[name], holds[name]) for name in block.outputs}


def _results(operation: Untyped, values: Mapping[str, Any], constants: Untyped) -> tuple[Any, ...]:
    if operation.type == "const":
        return (_constant(operation.attributes["val"], constants),)
    function = _OPERATIONS.get(operation.type)
    if function is None:
        raise UnknownProgramError(f"{operation.type} is not evaluated exactly", _FIX)
    arguments = {}
    for name, argument in operation.inputs.items():
        (binding,) = argument.arguments
        arguments[name] = (
            values[binding.name]
            if binding.WhichOneof("binding") == "name"
            else _constant(binding.value, constants)
        )
    try:
        results = function(**arguments)
    except (KeyError, TypeError) as error:
        problem = f"this form of {operation.type} is not evaluated exactly ({error})"
        raise UnknownProgramError(problem, _FIX) from error
    return results if isinstance(results, tuple) else (results,)


def _constant(value: Untyped, constants: Untyped) -> Untyped:
    return _exact(milproto._load_value(constants, value))


def _exact(value: Untyped) -> Untyped:
    floating = isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "f"
    return value.astype(np.float64) if floating else value


def _kept(result: Untyped, declared: np.dtype[Any], rounding: Rounding) -> Untyped:
    return rounding(result, declared) if declared.kind == "f" else result


def _element(declared: Untyped) -> np.dtype[Any]:
    found = proto_to_types(declared)
    return np.dtype(
        types.nptype_from_builtin(found.get_primitive() if types.is_tensor(found) else found)
    )
