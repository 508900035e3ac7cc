"""A compiled program: a flat list of steps and jumps over numbered slots, and how it runs."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import psutil
import torch
from torch import Tensor

from devsim.runtime.protocol import TensorSpec
from devsim.runtime.reference.faults import (
    COMPUTE_FAULTS,
    EndlessLoopError,
    MalformedError,
    OutOfRangeError,
)
from devsim.runtime.reference.mil_types import TensorType
from devsim.runtime.reference.weights import Blob

Value = Any
"""What a slot holds: a tensor, a list, a state, a Python value, a tuple of those, or None."""

Frame = list[Value]

_OUT_OF_RANGE = re.compile(r"out of (\w+ )?(range|bounds)")
"""How torch says that an index is not in a table."""

# What one value of undeclared shape may take: a loop can double it at every turn.
_LARGEST_OPEN_BYTES = psutil.virtual_memory().total // 4


@dataclass(frozen=True, slots=True)
class Step:
    """One call: slots in, slots out.

    Attributes:
        name: what to call it in an error.
        function: takes the inputs in order; returns one value, or a tuple unless it has one output.
        inputs: slots of the arguments.
        outputs: slots of the results.
        types: the declared types of the results; None where there is nothing to check.
        frees: slots nobody reads after this step.
        kind: the MIL operation; empty for a step of the compiler's own.
    """

    name: str
    function: Callable[..., Value]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    types: tuple[TensorType | None, ...]
    frees: tuple[int, ...] = ()
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Jump:
    """Where to go on.

    Attributes:
        name: what to call it in an error.
        skip: steps to pass over; negative to go back.
        unless: the slot of a flag that keeps the jump from being taken; None takes it always.
        frees: slots nobody reads after this step, whether taken or not.
    """

    name: str
    skip: int
    unless: int | None = None
    frees: tuple[int, ...] = ()


Steps = tuple[Step | Jump, ...]


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of the program.

    Attributes:
        spec: what a caller gives or gets.
        slot: where the program has it.
        dtype: of an input, what the program computes it in; None where that is the caller's.
    """

    spec: TensorSpec
    slot: int
    dtype: torch.dtype | None = None


@dataclass(frozen=True, slots=True)
class StateSlot:
    """A state of the program: its name, the slot it has and the type of what it holds."""

    name: str
    slot: int
    type: TensorType


@dataclass(frozen=True, slots=True)
class Program:
    """A program without its weights; one serves every load of its package.

    Attributes:
        template: a frame that holds the constants and is None elsewhere.
        constants: the slots of the constants.
        blobs: the weights to bind, by slot.
        units: the steps of every operation; they free what is nested blocks' own, and nothing else.
        spare: a slot that no step uses.
    """

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    states: tuple[StateSlot, ...]
    template: tuple[Value, ...]
    constants: frozenset[int]
    blobs: tuple[tuple[int, Blob], ...]
    units: tuple[Steps, ...]
    spare: int

    @property
    def flexible(self) -> bool:
        """Whether an input takes several shapes."""
        return any(port.spec.choices for port in self.inputs)


def addresses(values: Iterable[Value]) -> set[int]:
    """Of the storages of tensors, in tuples or not."""
    found: set[int] = set()
    for value in values:
        if isinstance(value, Tensor):
            found.add(value.untyped_storage().data_ptr())
        elif isinstance(value, tuple):
            found |= addresses(value)
    return found


def run(steps: Steps, frame: Frame, loop_limit: int) -> None:
    """Compute every step; a value is dropped from the frame at its last use.

    Args:
        steps: the program's steps.
        frame: a value for every slot that a step reads before one writes it; changed.
        loop_limit: how often the run may go back.

    Raises:
        MalformedError: a step cannot be computed, or gives what was not declared.
        EndlessLoopError: it went back more often.
    """
    at, turns = 0, 0
    while at < len(steps):
        step = steps[at]
        at += 1
        if isinstance(step, Step):
            _compute(step, frame)
        elif step.unless is None or not _flag(frame[step.unless], step.name):
            at += step.skip
            turns += step.skip < 0
            if turns > loop_limit:
                raise EndlessLoopError(f"{step.name} after {loop_limit} turns in all")
        for slot in step.frees:
            frame[slot] = None


def _compute(step: Step, frame: Frame) -> None:
    try:
        result = step.function(*[frame[slot] for slot in step.inputs])
    except COMPUTE_FAULTS as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        # Without its traceback, which would keep this step's arguments alive.
        cause = error.with_traceback(None)
        fault = OutOfRangeError if _OUT_OF_RANGE.search(reason) else MalformedError
        raise fault(f"{step.name} cannot be computed ({reason})") from cause
    results = (result,) if len(step.outputs) == 1 else result
    if len(results) != len(step.outputs):
        raise MalformedError(f"{step.name} declares {len(step.outputs)} results")
    for slot, declared, value in zip(step.outputs, step.types, results, strict=True):
        frame[slot] = value if declared is None else as_declared(value, declared, step)


def _flag(value: Value, name: str) -> bool:
    if not isinstance(value, Tensor) or value.numel() != 1:
        raise MalformedError(f"{name} is decided by what is no flag")
    return bool(value.item())


def as_declared(value: Value, declared: TensorType, step: Step) -> Tensor:
    """A step's result in the dtype that is declared of it.

    Raises:
        MalformedError: it has another shape than declared, or is no tensor.
    """
    if not isinstance(value, Tensor):
        raise MalformedError(f"{step.name} gives no tensor")
    if declared.shape != value.shape:
        if not declared.admits(tuple(value.shape)):
            raise MalformedError(
                f"{step.name} gives shape {tuple(value.shape)}, declared {declared.shape}"
            )
        if value.nbytes > _LARGEST_OPEN_BYTES:
            raise MalformedError(f"{step.name} gives {value.nbytes} bytes, beyond memory")
    return value if value.dtype == declared.element.dtype else value.to(declared.element.dtype)
