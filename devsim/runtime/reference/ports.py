"""Between a caller's arrays and the program's tensors."""

import numpy as np
import torch
from torch import Tensor

from devsim.runtime.images import rounded_pixels, to_planes
from devsim.runtime.protocol import Array
from devsim.runtime.reference.program import Port, Value


def enter(array: Array, port: Port) -> Tensor:
    """An array that is what the port takes, as the program takes it."""
    if port.spec.color is not None:
        array = to_planes(array, port.spec.color)
    usable = array.flags.c_contiguous and array.flags.writeable and array.flags.aligned
    tensor = torch.from_numpy(array if usable else np.array(array, order="C"))
    return tensor if port.dtype is None else tensor.to(port.dtype)


def leave(value: Value, port: Port, borrowed: set[int]) -> Array:
    """A result as an array of its own: it keeps no weights and no larger activation alive.

    Args:
        value: an output.
        port: which one.
        borrowed: addresses of storages that are not the caller's to keep; grows by this one.
    """
    if not isinstance(value, Tensor):
        return np.array(value)
    if port.spec.color is not None:
        return rounded_pixels(value.numpy(), port.spec.color)
    storage = value.untyped_storage()
    owned = storage.nbytes() == value.nbytes and storage.data_ptr() not in borrowed
    if not owned or not value.is_contiguous():
        value = value.clone(memory_format=torch.contiguous_format)
    borrowed.add(value.data_ptr())
    result: Array = value.numpy()
    return result
