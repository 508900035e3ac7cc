"""The forms of a program: what follows from the shapes of its inputs is computed once for them.

The first run with inputs of certain shapes computes everything, and notes what ``known`` says will
be the same in every such run. The form for these shapes binds noted values as constants, leaves out
the steps that only made those, takes the branches that they decide, and checks results against the
shapes they had. Values that do not follow from shapes alone, and nested blocks, run as before.
"""

import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from types import NoneType

from torch import Tensor

from devsim.runtime.reference.control import Unit, dropped
from devsim.runtime.reference.known import Known, known_slots
from devsim.runtime.reference.program import Jump, Program, Step, Steps, Value, addresses

Shapes = tuple[tuple[int, ...], ...]
"""Of the inputs, in the program's order."""

_MOST_FORMS = 8
_MOST_STEPS = 1 << 17
_MOST_VALUE_BYTES = 32 << 10
_MOST_FORM_BYTES = 256 << 10
# What torch holds for a tensor besides its elements.
_TENSOR_BYTES = 512
_PYTHON = (bool, int, float, str, NoneType)


@dataclass(slots=True)
class Notes:
    """What a run notes for later ones.

    Attributes:
        shapes: of tensors, by slot.
        values: by slot; copies, and only small ones.
        spare_bytes: what more values may take.
    """

    shapes: dict[int, tuple[int, ...]] = field(default_factory=dict)
    values: dict[int, Value] = field(default_factory=dict)
    spare_bytes: int = _MOST_FORM_BYTES

    def shape(self, value: Tensor, slot: int) -> tuple[()]:
        """Note a shape; as a step, it has no result."""
        self.shapes[slot] = value.shape
        return ()

    def value(self, value: Value, slot: int) -> tuple[()]:
        """Note a value, if it is small."""
        size = _held_bytes(value)
        if size <= min(_MOST_VALUE_BYTES, self.spare_bytes):
            self.spare_bytes -= size
            self.values[slot] = _copied(value)
        return ()


@dataclass(frozen=True, slots=True)
class Form:
    """A program as it runs.

    Attributes:
        steps: its steps.
        values: what to put into the frame first, by slot.
        notes: what the run fills; None when nothing is left to note.
        addresses: of the storages of ``values``.
    """

    steps: Steps
    values: tuple[tuple[int, Value], ...] = ()
    notes: Notes | None = None
    addresses: frozenset[int] = frozenset()


class Forms:
    """The forms of a program that were used last; threads may ask for them and add some.

    They hold no weights, so all loads of a package share them.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self._known = known_slots(program)
        self._wanted = self._wanted_values()
        noting = [each for unit in program.units for each in (unit, *self._notes_of(unit))]
        self._steps = _flat(program, noting)
        self._notes = len(noting) > len(program.units)
        self._most = max(1, min(_MOST_FORMS, _MOST_STEPS // max(len(self._steps), 1)))
        self._lock = threading.Lock()
        self._forms: dict[Shapes, Form | Notes] = {}

    def of(self, shapes: Shapes) -> Form:
        """The form for inputs of these shapes, or one that notes what makes it."""
        if not self._notes:
            return Form(self._steps)
        with self._lock:
            form = self._forms.pop(shapes, None)
            if isinstance(form, Notes):
                form = self._specialised(form)
            if form is not None:
                self._forms[shapes] = form
                return form
        notes = Notes()
        return Form(self._steps, ((self.program.spare, notes),), notes)

    def add(self, shapes: Shapes, notes: Notes) -> None:
        """Keep what a whole run with inputs of these shapes has noted.

        The form is made when it is first asked for: shapes may never come again.
        """
        with self._lock:
            self._forms[shapes] = notes
            while len(self._forms) > self._most:
                del self._forms[next(iter(self._forms))]

    def _wanted_values(self) -> set[int]:
        """Slots of known values that are read by what is run at every predict, or after it."""
        read = {port.slot for port in self.program.outputs}
        read.update(*(_read(unit) for unit in self.program.units if not self._foldable(unit)))
        return {slot for slot in read if self._known[slot] is Known.VALUE}

    def _notes_of(self, unit: Unit) -> Iterator[Unit]:
        """Steps that note known values that others need, and known shapes that are not declared."""
        step = unit[0]
        if len(unit) > 1 or isinstance(step, Jump):
            return
        for slot, declared in zip(step.outputs, step.types, strict=True):
            note = None
            if slot in self._wanted:
                note = Notes.value
            elif self._known[slot] is Known.SHAPE and declared and declared.known_shape is None:
                note = Notes.shape
            if note is not None:
                inputs = self.program.spare, slot
                yield (Step("a note", partial(note, slot=slot), inputs, (), ()),)

    def _specialised(self, notes: Notes) -> Form:
        needed = {port.slot for port in self.program.outputs}
        kept: list[Unit] = []
        for whole in reversed(self.program.units):
            unit = _decided(whole, notes)
            left = needed.intersection(_written(unit)) - notes.values.keys()
            if left or not self._foldable(unit):
                needed.update(_read(unit))
                kept.append(tuple(_of_noted_shapes(step, notes) for step in unit))
        values = {slot: value for slot, value in notes.values.items() if slot in needed}
        return Form(
            _flat(self.program, reversed(kept)),
            tuple(values.items()),
            addresses=frozenset(addresses(values.values())),
        )

    def _foldable(self, unit: Unit) -> bool:
        """Whether all a unit does is to give known values."""
        slots = _written(unit)
        return len(unit) == 1 and bool(slots) and all(self._known[s] is Known.VALUE for s in slots)


def _flat(program: Program, units: Iterable[Unit]) -> Steps:
    outputs = [port.slot for port in program.outputs]
    return dropped(units, kept=outputs, owned=[port.slot for port in program.inputs])[0]


def _decided(unit: Unit, notes: Notes) -> Unit:
    """The branch that a condition takes, when its flag is noted; see ``control``."""
    first = unit[0]
    if not isinstance(first, Jump) or first.unless not in notes.values:
        return unit
    taken = bool(notes.values[first.unless].item())
    return unit[1 : first.skip] if taken else unit[first.skip + 1 : -1]


def _written(unit: Unit) -> list[int]:
    return [slot for step in unit if isinstance(step, Step) for slot in step.outputs]


def _read(unit: Unit) -> Iterator[int]:
    for step in unit:
        if isinstance(step, Step):
            yield from step.inputs
        elif step.unless is not None:
            yield step.unless


def _of_noted_shapes(step: Step | Jump, notes: Notes) -> Step | Jump:
    """The step whose results must have the shapes that they had."""
    if isinstance(step, Jump) or not any(slot in notes.shapes for slot in step.outputs):
        return step
    types = (
        declared and replace(declared, shape=notes.shapes.get(slot, declared.shape))
        for slot, declared in zip(step.outputs, step.types, strict=True)
    )
    return replace(step, types=tuple(types))


def _held_bytes(value: Value) -> int:
    """What a value takes; more than is ever kept when it is no tensor, Python value or tuple."""
    if isinstance(value, Tensor):
        return _TENSOR_BYTES + value.nbytes
    if isinstance(value, tuple):
        return sys.getsizeof(value) + sum(map(_held_bytes, value))
    return sys.getsizeof(value) if isinstance(value, _PYTHON) else _MOST_FORM_BYTES + 1


def _copied(value: Value) -> Value:
    """The value without what it may be a view of, and that nobody else can change."""
    if isinstance(value, tuple):
        return tuple(map(_copied, value))
    return value.clone() if isinstance(value, Tensor) else value
