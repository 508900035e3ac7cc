"""MIL value types: element types as torch sees them, and declared tensor shapes."""

import math
from dataclasses import dataclass

import torch

from devsim.mlpackage.proto import Message
from devsim.runtime.reference.faults import MalformedError, UnknownOperationError


@dataclass(frozen=True, slots=True)
class Element:
    """An element type: its MIL name, the torch dtype that computes it, and its bits on disk."""

    name: str
    dtype: torch.dtype
    bits: int

    @property
    def packed(self) -> bool:
        """Whether several elements share a byte on disk."""
        return self.bits < 8


_BOOL = Element("bool", torch.bool, 8)
_FP16 = Element("fp16", torch.float16, 16)
_FP32 = Element("fp32", torch.float32, 32)
_FP64 = Element("fp64", torch.float64, 64)
_BF16 = Element("bf16", torch.bfloat16, 16)
_SIGNED = {n: Element(f"int{n}", getattr(torch, f"int{n}"), n) for n in (8, 16, 32, 64)}
_UNSIGNED = {n: Element(f"uint{n}", getattr(torch, f"uint{n}"), n) for n in (8, 16, 32, 64)}
_INT4 = Element("int4", torch.int8, 4)
_SUB_BYTE = {n: Element(f"uint{n}", torch.uint8, n) for n in (1, 2, 3, 4, 6)}

STRING = 2
"""``DataType.STRING`` of MIL.proto; strings are parameters, never tensors."""

# DataType of MIL.proto.
_ELEMENTS = {
    1: _BOOL,
    10: _FP16,
    11: _FP32,
    12: _FP64,
    13: _BF16,
    21: _SIGNED[8],
    22: _SIGNED[16],
    23: _SIGNED[32],
    24: _SIGNED[64],
    25: _INT4,
    31: _UNSIGNED[8],
    32: _UNSIGNED[16],
    33: _UNSIGNED[32],
    34: _UNSIGNED[64],
    35: _SUB_BYTE[4],
    36: _SUB_BYTE[2],
    37: _SUB_BYTE[1],
    38: _SUB_BYTE[6],
    39: _SUB_BYTE[3],
}

# BlobDataType of MILBlob, the weight file's own numbering.
BLOB_ELEMENTS = {
    1: _FP16,
    2: _FP32,
    3: _UNSIGNED[8],
    4: _SIGNED[8],
    5: _BF16,
    6: _SIGNED[16],
    7: _UNSIGNED[16],
    8: _INT4,
    9: _SUB_BYTE[1],
    10: _SUB_BYTE[2],
    11: _SUB_BYTE[4],
    12: _SUB_BYTE[3],
    13: _SUB_BYTE[6],
    14: _SIGNED[32],
    15: _UNSIGNED[32],
}

DTYPES = {element.name: element.dtype for element in _ELEMENTS.values() if not element.packed}
"""Element types by the name that ``cast`` and its like take."""


@dataclass(frozen=True, slots=True)
class TensorType:
    """The declared type of a value; a dimension the package leaves open is None.

    ``shape`` itself is None when even the rank is open.
    """

    element: Element
    shape: tuple[int | None, ...] | None

    @property
    def known_shape(self) -> tuple[int, ...] | None:
        """The shape when every dimension is declared."""
        if self.shape is None:
            return None
        known = tuple(size for size in self.shape if size is not None)
        return known if len(known) == len(self.shape) else None

    @property
    def elements(self) -> int | None:
        """How many elements, when the shape is declared."""
        shape = self.known_shape
        return None if shape is None else math.prod(shape)

    @property
    def stored_bytes(self) -> int | None:
        """Bytes on disk, when the shape is declared."""
        count = self.elements
        return None if count is None else (count * self.element.bits + 7) // 8

    def admits(self, shape: tuple[int, ...]) -> bool:
        """Whether a tensor of this shape is one of this type."""
        if self.shape is None:
            return True
        return len(shape) == len(self.shape) and all(
            declared is None or size == declared
            for size, declared in zip(shape, self.shape, strict=True)
        )


def tensor_type(value_type: Message, where: str) -> TensorType | None:
    """The type a ``ValueType`` message declares, or None when it is not of a torch tensor."""
    if value_type.WhichOneof("type") != "tensorType":
        return None
    declared = value_type.tensorType
    if declared.dataType == STRING:
        return None
    element = _ELEMENTS.get(declared.dataType)
    if element is None:
        raise UnknownOperationError(f"{where} has element type {declared.dataType}")
    if declared.rank not in (-1, len(declared.dimensions)):
        raise MalformedError(
            f"{where} declares rank {declared.rank} and {len(declared.dimensions)} dimensions"
        )
    if declared.rank == -1 or any(size.unknown.variadic for size in declared.dimensions):
        return TensorType(element, None)
    return TensorType(element, tuple(_dimension(size) for size in declared.dimensions))


def _dimension(dimension: Message) -> int | None:
    constant = dimension.WhichOneof("dimension") == "constant"
    return int(dimension.constant.size) if constant else None
