"""A compiled program: a flat list of steps over numbered slots, and how it runs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from devsim.runtime.protocol import TensorSpec
from devsim.runtime.reference.faults import COMPUTE_FAULTS, MalformedError
from devsim.runtime.reference.mil_types import TensorType
from devsim.runtime.reference.weights import Blob

Value = Any
"""What a slot holds: a tensor, a Python value, a tuple of either, or None."""

Frame = list[Value]


@dataclass(frozen=True, slots=True)
class Step:
    """One call: slots in, slots out.

    Attributes:
        name: what to call it in an error.
        function: takes the inputs in order; returns one value, or a tuple for several outputs.
        inputs: slots of the arguments.
        outputs: slots of the results.
        types: the declared types of the results; None where there is nothing to check.
        frees: slots nobody reads after this step.
    """

    name: str
    function: Callable[..., Value]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    types: tuple[TensorType | None, ...]
    frees: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of the program, and the slot it has."""

    spec: TensorSpec
    slot: int


@dataclass(frozen=True, slots=True)
class Program:
    """A program without its weights; one serves every load of its package.

    Attributes:
        template: a frame that holds the constants and is None elsewhere.
        blobs: the weights to bind, by slot.
    """

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    template: tuple[Value, ...]
    blobs: tuple[tuple[int, Blob], ...]
    steps: tuple[Step, ...]


def run(steps: tuple[Step, ...], frame: Frame) -> None:
    """Compute every step; a value is dropped from the frame at its last use.

    Raises:
        MalformedError: a step cannot be computed, or gives what was not declared.
    """
    for step in steps:
        try:
            result = step.function(*[frame[slot] for slot in step.inputs])
        except COMPUTE_FAULTS as error:
            reason = str(error).partition("\n")[0] or type(error).__name__
            # Without its traceback, which would keep this step's arguments alive.
            cause = error.with_traceback(None)
            raise MalformedError(f"{step.name} cannot be computed ({reason})") from cause
        results = result if len(step.outputs) > 1 else (result,)
        if len(results) != len(step.outputs):
            raise MalformedError(f"{step.name} declares {len(step.outputs)} results")
        for slot, declared, value in zip(step.outputs, step.types, results, strict=True):
            frame[slot] = value if declared is None else _as_declared(value, declared, step)
        for slot in step.frees:
            frame[slot] = None
        del result, results, value


def _as_declared(value: Value, declared: TensorType, step: Step) -> Tensor:
    if not isinstance(value, Tensor):
        raise MalformedError(f"{step.name} gives no tensor")
    if declared.shape != value.shape and not declared.admits(tuple(value.shape)):
        raise MalformedError(
            f"{step.name} gives shape {tuple(value.shape)}, declared {declared.shape}"
        )
    return value if value.dtype == declared.element.dtype else value.to(declared.element.dtype)
