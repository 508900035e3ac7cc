"""How nested blocks lie in a flat program, and where their values are dropped.

::

    cond                                while_loop
      unless pred, go to else             loop variables := initial values
      the true block                    turn:
      results := its outputs              the condition's block
      go to end                           unless its output, go to end
    else:                                 the body's block
      the false block                     loop variables := its outputs
      results := its outputs              go to turn
    end                                 end: results := loop variables

The steps of one operation are a *unit*. A block drops its own values at their last use in it; a
value from outside a unit is dropped at the unit's first step when nothing later reads it, otherwise
at its last, which every way through passes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from devsim.runtime.reference.mil_types import TensorType
from devsim.runtime.reference.program import Jump, Step, Steps, Value

Unit = Steps


@dataclass(frozen=True, slots=True)
class Results:
    """Slots that take values of declared types together."""

    slots: tuple[int, ...]
    types: tuple[TensorType | None, ...]


@dataclass(frozen=True, slots=True)
class Nested:
    """A compiled block.

    Attributes:
        units: one for each operation.
        outputs: slots of its results.
    """

    units: tuple[Unit, ...]
    outputs: tuple[int, ...]


def condition(where: str, pred: int, then: Nested, otherwise: Nested, results: Results) -> Unit:
    """The unit of a ``cond``."""
    first = _assigning(where, then, results)
    second = _assigning(where, otherwise, results)
    return (
        Jump(where, len(first) + 1, unless=pred),
        *first,
        Jump(where, len(second)),
        *second,
        Jump(where, 0),
    )


def loop(
    where: str,
    initial: Sequence[int],
    variables: Results,
    test: Nested,
    body: Nested,
    results: Results,
) -> Unit:
    """The unit of a ``while_loop``."""
    (flag,) = test.outputs
    tested, owned = dropped(test.units, kept=test.outputs)
    turned = _assigning(where, body, variables, owned=variables.slots)
    leave = Jump(where, len(turned) + 1, unless=flag, frees=(flag,) if flag in owned else ())
    back = Jump(where, -(len(tested) + len(turned) + 2))
    return (
        _assign(where, initial, variables),
        *tested,
        leave,
        *turned,
        back,
        replace(_assign(where, variables.slots, results), frees=variables.slots),
    )


def dropped(
    units: Iterable[Unit], kept: Iterable[int], owned: Iterable[int] = ()
) -> tuple[Steps, set[int]]:
    """Flatten the units of a block; every value they make is dropped after its last use.

    Args:
        units: in order.
        kept: slots that are read after the block.
        owned: slots from outside that the block may drop too.

    Returns:
        The steps, and every slot that was the block's own, kept or not.
    """
    units = tuple(units)
    written = {slot for unit in units for step in unit if isinstance(step, Step)
               for slot in step.outputs}  # fmt: skip
    inner = {slot for unit in units for step in unit for slot in step.frees}
    own = (written - inner) | set(owned)
    left = own - set(kept)
    done: list[Unit] = []
    for unit in reversed(units):
        head = left & _used(unit[:1])
        tail = left & _used(unit[1:])
        left -= head | tail
        done.append(_freeing(unit, head - tail, tail))
    return tuple(step for unit in reversed(done) for step in unit), own


def _assigning(where: str, block: Nested, target: Results, owned: Iterable[int] = ()) -> Steps:
    """A block's steps, and the one that assigns its outputs and drops those that were its own."""
    steps, own = dropped(block.units, kept=block.outputs, owned=owned)
    ended = own.intersection(block.outputs).difference(target.slots)
    return (*steps, replace(_assign(where, block.outputs, target), frees=tuple(sorted(ended))))


def _assign(where: str, sources: Sequence[int], target: Results) -> Step:
    """All at once: a loop may exchange its variables."""
    return Step(where, _same, tuple(sources), target.slots, target.types)


def _same(*values: Value) -> Value:
    return values[0] if len(values) == 1 else values


def _used(unit: Unit) -> set[int]:
    used: set[int] = set()
    for step in unit:
        if isinstance(step, Step):
            used.update(step.inputs, step.outputs)
        elif step.unless is not None:
            used.add(step.unless)
    return used


def _freeing(unit: Unit, head: set[int], tail: set[int]) -> Unit:
    if head:
        unit = (_with_frees(unit[0], head), *unit[1:])
    if tail:
        unit = (*unit[:-1], _with_frees(unit[-1], tail))
    return unit


def _with_frees(step: Step | Jump, slots: set[int]) -> Step | Jump:
    return replace(step, frees=tuple(sorted(slots.union(step.frees))))
