"""States: values that a loaded package keeps from one predict to the next."""

from dataclasses import dataclass

from torch import Tensor

from devsim.runtime.reference.ops.registry import Opaque, op


@dataclass(slots=True)
class State:
    """A state during one predict.

    Attributes:
        value: a tensor of the state's own; replaced by a write and never changed in place, so what
            was read before stays as it was.
    """

    value: Tensor


@op("read_state")
def read_state(input: Opaque) -> Tensor:
    """What the state holds."""
    value: Tensor = input.value
    return value


@op("write_state")
def write_state(input: Opaque, data: Tensor) -> tuple[()]:
    """Have the state hold a copy of ``data``; has no result."""
    if (data.shape, data.dtype) != (input.value.shape, input.value.dtype):
        raise ValueError(f"{data.dtype} {tuple(data.shape)} for a state of another type")
    input.value = data.clone()
    return ()


@op("coreml_update_state")
def coreml_update_state(state: Opaque, value: Tensor) -> Tensor:
    """Write a state and read it."""
    write_state(state, value)
    return read_state(state)
