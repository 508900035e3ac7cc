"""What the shapes of a program's inputs decide: shapes of other values, and some values themselves.

Constants and the results of ``shape`` are known, and what is computed of known values alone. Other
values are known by shape: inputs and weights, what is declared without an open dimension, and the
result of an operation whose arguments are known, unless ``_SHAPED_BY_VALUES`` names it. A parameter
that arrives as a Python value is known as a value or not at all, so sizes, axes and pads count as
arguments whose values matter, and tensors as such whose shapes do.
"""

from collections.abc import Sequence
from enum import IntEnum

from devsim.runtime.reference.program import Program, Step

PYTHON_VALUE = "python value"
"""The kind of a step that makes a Python value of a tensor."""


class Known(IntEnum):
    """What is known of a value before a run, once the shapes of all inputs are."""

    NOTHING = 0
    SHAPE = 1
    VALUE = 2


_SHAPED_BY_VALUES = {
    "non_zero",  # a row for every element that is not 0
    "range_1d",  # its bounds arrive as tensors
    "constexpr_lut_to_sparse",  # a value for every bit of the mask
    "constexpr_sparse_blockwise_shift_scale",  # likewise
    "list_read",  # of what was written last
    "list_gather",  # likewise
}
"""Operations of which a result's shape follows from the values of tensors that they take."""

_NEW_AT_EVERY_RUN = {
    "random_bernoulli",
    "random_categorical",
    "random_normal",
    "random_uniform",
}
"""Operations that give other values for the same arguments, of the same shape."""

_OPAQUE = {
    "coreml_update_state",
    "list_length",
    "list_scatter",
    "list_write",
    "make_list",
    "read_state",
    "write_state",
}
"""Operations on what is no tensor: a list, or a state, which a run changes."""


def known_slots(program: Program) -> tuple[Known, ...]:
    """What is known of every slot at the place of the block's own operations."""
    known = [Known.NOTHING] * len(program.template)
    for slot in program.constants:
        known[slot] = Known.VALUE
    for slot in (*(slot for slot, _ in program.blobs), *(port.slot for port in program.inputs)):
        known[slot] = Known.SHAPE
    for unit in program.units:
        # What nested blocks do depends on a flag or a count: only what is declared is known.
        alone = len(unit) == 1
        for step in unit:
            if isinstance(step, Step):
                result = _result(step, [known[slot] for slot in step.inputs]) if alone else None
                for slot, declared in zip(step.outputs, step.types, strict=True):
                    fixed = declared is not None and declared.known_shape is not None
                    known[slot] = max(result or Known.NOTHING, Known(fixed))
    return tuple(known)


def _result(step: Step, arguments: Sequence[Known]) -> Known:
    least = min(arguments, default=Known.VALUE)
    if step.kind in _OPAQUE:
        return Known.NOTHING
    if step.kind in _NEW_AT_EVERY_RUN:
        return min(least, Known.SHAPE)
    if step.kind == "shape" and least >= Known.SHAPE:
        return Known.VALUE
    if step.kind in _SHAPED_BY_VALUES | {PYTHON_VALUE} and least < Known.VALUE:
        return Known.NOTHING
    return least
