"""Immediate values of a MIL program: small constants written in the spec itself."""

import numpy as np
import torch
from torch import Tensor

from devsim.mlpackage.proto import Message
from devsim.runtime.reference.faults import MalformedError, UnknownOperationError
from devsim.runtime.reference.mil_types import STRING, TensorType, tensor_type

Constant = Tensor | str | tuple[str, ...] | tuple["Constant", ...]


def immediate(value: Message, where: str) -> Constant:
    """Decode a ``Value`` message that holds its data itself.

    Args:
        value: the message.
        where: what to call it in an error.

    Returns:
        A tensor of the declared shape, a string, a tuple of strings, or one of a list's values.
    """
    if value.immediateValue.WhichOneof("value") == "list":
        return tuple(immediate(each, where) for each in value.immediateValue.list.values)
    if value.immediateValue.WhichOneof("value") != "tensor":
        raise UnknownOperationError(f"{where} is neither a tensor nor a string")
    content = value.immediateValue.tensor
    if value.type.tensorType.dataType == STRING:
        strings = tuple(content.strings.values)
        return strings[0] if not value.type.tensorType.dimensions and strings else strings
    declared = tensor_type(value.type, where)
    if declared is None:
        raise UnknownOperationError(f"{where} is neither a tensor nor a string")
    return _tensor(content, declared, where)


def unpack(packed: Tensor, bits: int, signed: bool, shape: tuple[int, ...]) -> Tensor:
    """Spread elements of 1 to 7 bits, first in the lowest bits, over a byte each.

    Args:
        packed: uint8, one dimension.
        bits: bits of an element.
        signed: whether the highest of them is a sign.
        shape: the result's shape.

    Returns:
        int8 when signed, uint8 otherwise.
    """
    data = packed.numpy()
    count = int(np.prod(shape, dtype=np.int64))
    if bits in (1, 2, 4):
        lanes = np.arange(0, 8, bits, dtype=np.uint8)
        spread = ((data[:, None] >> lanes) & np.uint8(2**bits - 1)).reshape(-1)[:count]
    else:
        single = np.unpackbits(data, bitorder="little")[: count * bits].reshape(count, bits)
        spread = np.packbits(single, axis=1, bitorder="little").reshape(-1)
    if signed:
        half = 1 << (bits - 1)
        return torch.from_numpy(((spread ^ half).astype(np.int8) - np.int8(half)).reshape(shape))
    return torch.from_numpy(spread.reshape(shape))


def _tensor(content: Message, declared: TensorType, where: str) -> Tensor:
    shape, size, element = declared.known_shape, declared.stored_bytes, declared.element
    if shape is None or size is None:
        raise MalformedError(f"{where} is a constant of unknown shape")
    field = content.WhichOneof("value")
    if field is None:
        raise MalformedError(f"{where} has no data")
    values = getattr(content, field).values
    if field == "bytes":
        if len(values) != size:
            raise MalformedError(f"{where} has {len(values)} bytes where its type needs {size}")
        raw = torch.frombuffer(bytearray(values), dtype=torch.uint8) if size else _no_bytes()
        if element.packed:
            return unpack(raw, element.bits, element.name.startswith("int"), shape)
        return raw.view(element.dtype).reshape(shape)
    if len(values) != declared.elements or field == "strings":
        raise MalformedError(
            f"{where} has {len(values)} {field} where its type needs {declared.elements}"
        )
    return torch.tensor(list(values), dtype=element.dtype).reshape(shape)


def _no_bytes() -> Tensor:
    return torch.empty(0, dtype=torch.uint8)
