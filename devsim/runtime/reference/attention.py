"""Attention, computed in parts that are so small that their scores stay in the processor's cache.

A package writes attention as ``matmul``, ``add``, ``softmax`` and ``matmul``, whose scores are
several times as large as what goes in and comes out. Each of these operations treats the matrices
of the leading dimensions apart, and rows in runs of ``rows_at_once``; so the four are run for a few
heads, or one run of rows of one, after another, by the very functions that would run for all: no
result changes by a bit.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from torch import Tensor

from devsim.runtime.reference.ops.linear import rows_at_once
from devsim.runtime.reference.program import Step, Steps, Value, as_declared

_PART_ELEMENTS = 1 << 16
"""Of scores at once: 256 KiB in single precision, which a core's own cache holds."""

_Place = tuple[slice, ...]
"""Where a part of the scores is, or of what has the same rows: a slice a dimension but the last."""

_Declare = Callable[[Value, Step], Value]


class _Arguments(NamedTuple):
    """What the steps of an attention take, besides one another's results."""

    x: Tensor
    y: Tensor
    transpose_x: bool
    transpose_y: bool
    axis: int
    values: Tensor
    transpose_scores: bool
    transpose_values: bool
    masks: tuple[Tensor, ...]

    @property
    def matrices(self) -> tuple[Tensor, Tensor, Tensor]:
        """The tensors that are products' arguments."""
        return self.x, self.y, self.values

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The scores' shape; None where the leading dimensions differ, or there are none."""
        leading = self.x.shape[:-2]
        if any(each.dim() < 3 or each.shape[:-2] != leading for each in self.matrices):
            return None
        rows = self.x.shape[-1 if self.transpose_x else -2]
        return (*leading, rows, self.y.shape[-2 if self.transpose_y else -1])

    def run_of_rows(self, scores: tuple[int, ...]) -> int:
        """How many rows both products compute at once; all where they differ in that."""
        rows, columns = scores[-2:]
        first = rows_at_once(self.x.shape[-2 if self.transpose_x else -1], columns)
        second = rows_at_once(columns, self.values.shape[-2 if self.transpose_values else -1])
        return first if first == second else rows

    def part(self, place: _Place) -> "_Arguments":
        """What gives the scores of a place."""
        *leading, rows = place
        heads = tuple(leading)
        return self._replace(
            x=self.x[(*heads, slice(None), rows) if self.transpose_x else place],
            y=self.y[heads],
            values=self.values[heads],
            axis=-1,
            masks=tuple(_part_of(mask, place) for mask in self.masks),
        )


@dataclass(frozen=True, slots=True)
class _Attention:
    """The steps of one attention.

    Attributes:
        product: gives the scores.
        sums: add to them, none or more; each with the place of the scores in its inputs.
        softmax: over their last dimension.
        result: the product with the values.
    """

    product: Step
    sums: tuple[tuple[Step, int], ...]
    softmax: Step
    result: Step

    @property
    def scoring(self) -> tuple[Step, ...]:
        """The steps whose results are scores."""
        return (self.product, *(step for step, _ in self.sums), self.softmax)

    def joined(self) -> Step:
        """One step in the place of all."""
        masks = (step.inputs[1 - place] for step, place in self.sums)
        inputs = (*self.product.inputs, self.softmax.inputs[1], *self.result.inputs[1:], *masks)
        return Step(self.result.name, self, inputs, self.result.outputs, self.result.types)

    def __call__(self, *inputs: Value) -> Value:
        """The result of the last step, which the caller checks."""
        given = _Arguments._make((*inputs[:8], inputs[8:]))
        shape = given.shape
        if shape is None or 0 in shape or given.axis not in (-1, len(shape) - 1):
            return self._run(given, _checked)
        declared = [step.types[0] for step in self.scoring]
        if any(each is None or not each.admits(shape) for each in declared) or not all(
            _broadcasts(mask, shape) for mask in given.masks
        ):
            return self._run(given, _checked)
        whole: Tensor | None = None
        for place in _places(shape, given.run_of_rows(shape)):
            part = self._run(given.part(place), _cast)
            if whole is None:
                whole = part.new_empty((*shape[:-1], part.shape[-1]))
            whole[place] = part
        return whole

    def _run(self, given: _Arguments, declare: _Declare) -> Value:
        product = given.x, given.y, given.transpose_x, given.transpose_y
        scores = declare(self.product.function(*product), self.product)
        for (step, place), mask in zip(self.sums, given.masks, strict=True):
            pair = (mask, scores) if place else (scores, mask)
            scores = declare(step.function(*pair), step)
        scores = declare(self.softmax.function(scores, given.axis), self.softmax)
        values = given.values, given.transpose_scores, given.transpose_values
        return self.result.function(scores, *values)


def joined(units: Sequence[Steps], outputs: Sequence[int]) -> tuple[Steps, ...]:
    """Join the steps of every attention of a block into one, at the place of its last.

    Args:
        units: one for each operation.
        outputs: slots that are read after the block.
    """
    steps = [step for unit in units for step in unit if isinstance(step, Step)]
    uses = Counter(slot for step in steps for slot in step.inputs) + Counter(outputs)
    single = {id(unit[0]) for unit in units if len(unit) == 1}
    # By a slot that one step alone reads, that step.
    readers = {
        slot: step for step in steps if id(step) in single for slot in step.inputs
        if uses[slot] == 1
    }  # fmt: skip
    replaced: dict[int, Steps] = {}
    for step in steps:
        found = _attention(step, readers) if id(step) in single else None
        if found is not None:
            replaced |= dict.fromkeys(map(id, found.scoring), ())
            replaced[id(found.result)] = (found.joined(),)
    left = (replaced.get(id(unit[0]), unit) if len(unit) == 1 else unit for unit in units)
    return tuple(unit for unit in left if unit)


def _attention(product: Step, readers: Mapping[int, Step]) -> _Attention | None:
    if product.kind != "matmul":
        return None
    sums = []
    scores = product.outputs[0]
    step = readers.get(scores)
    while step is not None and step.kind == "add":
        sums.append((step, step.inputs.index(scores)))
        scores = step.outputs[0]
        step = readers.get(scores)
    if step is None or step.kind != "softmax" or step.inputs[0] != scores:
        return None
    result = readers.get(step.outputs[0])
    if result is None or result.kind != "matmul" or result.inputs[0] != step.outputs[0]:
        return None
    return _Attention(product, tuple(sums), step, result)


def _part_of(mask: Tensor, place: _Place) -> Tensor:
    """Of a mask that is broadcast: a dimension of one is not cut."""
    own = place[len(place) + 1 - mask.dim() :]
    sizes = mask.shape[: len(own)]
    return mask[
        tuple(slice(None) if size == 1 else at for at, size in zip(own, sizes, strict=True))
    ]


def _broadcasts(mask: Tensor, scores: tuple[int, ...]) -> bool:
    sizes = zip(reversed(mask.shape), reversed(scores), strict=False)
    return mask.dim() <= len(scores) and all(own in (1, size) for own, size in sizes)


def _places(scores: tuple[int, ...], run: int) -> Iterator[_Place]:
    """Parts of the scores of about as many elements as are wanted.

    Args:
        scores: their shape.
        run: how many rows may be computed by themselves.
    """
    *leading, rows, columns = scores
    steps = [1] * len(leading) + [run]
    if run >= rows:
        within = rows * columns
        for axis in reversed(range(len(leading))):
            steps[axis] = max(1, _PART_ELEMENTS // within)
            within *= leading[axis]
    starts = (range(0, size, step) for size, step in zip(scores, steps, strict=False))
    for corner in product(*starts):
        yield tuple(slice(at, at + step) for at, step in zip(corner, steps, strict=True))


def _checked(value: Value, step: Step) -> Value:
    declared = step.types[0]
    return value if declared is None else as_declared(value, declared, step)


def _cast(value: Tensor, step: Step) -> Tensor:
    declared = step.types[0]
    return value if declared is None else value.to(declared.element.dtype)
