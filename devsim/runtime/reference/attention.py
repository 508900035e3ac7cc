"""Attention, computed a few heads at a time so that its scores stay in the processor's cache.

A package writes attention as ``matmul``, ``add``, ``softmax`` and ``matmul``, whose scores are
several times as large as what goes in and comes out. Each of these operations treats the matrices
of the leading dimensions apart, so the four are run for a few matrices after another, by the very
functions that would run for all: no result changes by a bit.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor

from devsim.runtime.reference.program import Step, Steps, Value, as_declared

_PART_ELEMENTS = 1 << 18
"""Of scores at once: a megabyte in single precision, which a core's own cache holds."""

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
        flat = [_flat(mask, shape) for mask in given.masks]
        masks = tuple(mask for mask in flat if mask is not None)
        declared = [step.types[0] for step in self.scoring]
        if len(masks) != len(flat) or any(
            each is None or not each.admits(shape) for each in declared
        ):
            return self._run(given, _checked)
        x, y, values = (each.reshape(-1, *each.shape[-2:]) for each in given.matrices)
        whole = given._replace(x=x, y=y, values=values, axis=-1, masks=masks)
        parts = _parts(whole, max(1, _PART_ELEMENTS // (shape[-2] * shape[-1])))
        result = _together((self._run(part, _cast) for part in parts), len(x))
        return result.view(*shape[:-2], *result.shape[1:])

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
    return tuple(replaced.get(id(unit[0]), unit) if len(unit) == 1 else unit for unit in units)


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


def _flat(mask: Tensor, scores: tuple[int, ...]) -> Tensor | None:
    """With one leading dimension, or none; None where that would copy it many times."""
    leading, matrix = mask.shape[:-2], mask.shape[-2:]
    sizes = zip(reversed(mask.shape), reversed(scores), strict=False)
    if mask.dim() > len(scores) or any(own not in (1, size) for own, size in sizes):
        return None
    if prod(leading) == 1:
        return mask.reshape(matrix)
    if matrix[0] != 1 and leading != scores[:-2]:
        return None
    return mask.expand(*scores[:-2], *matrix).reshape(-1, *matrix)


def _parts(whole: _Arguments, size: int) -> Iterator[_Arguments]:
    for start in range(0, len(whole.x), size):
        part = slice(start, start + size)
        yield whole._replace(
            x=whole.x[part],
            y=whole.y[part],
            values=whole.values[part],
            masks=tuple(mask[part] if mask.dim() > 2 else mask for mask in whole.masks),
        )


def _together(parts: Iterable[Tensor], count: int) -> Tensor:
    """Parts of a first dimension of ``count``, each copied while it is in the cache."""
    whole, start = torch.empty(0), 0
    for part in parts:
        if start == 0:
            whole = part.new_empty((count, *part.shape[1:]))
        whole[start : start + len(part)] = part
        start += len(part)
    return whole


def _checked(value: Value, step: Step) -> Value:
    declared = step.types[0]
    return value if declared is None else as_declared(value, declared, step)


def _cast(value: Tensor, step: Step) -> Tensor:
    declared = step.types[0]
    return value if declared is None else value.to(declared.element.dtype)
