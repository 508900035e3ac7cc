"""MIL's tensor types: their sizes, and how a value of one travels from package to package."""

import math
from typing import NamedTuple

from devsim.mlpackage.proto import Message, specification


class Element(NamedTuple):
    """An element type: its name in MIL, and bytes of one."""

    name: str
    bytes: int


# DataType of MIL.proto.
_ELEMENTS = {
    1: Element("bool", 1),
    10: Element("fp16", 2),
    11: Element("fp32", 4),
    21: Element("int8", 1),
    22: Element("int16", 2),
    23: Element("int32", 4),
    31: Element("uint8", 1),
    32: Element("uint16", 2),
}
_CODES = {element.name: code for code, element in _ELEMENTS.items()}

# What a package's input or output may be, and what numpy calls it.
_PORT_DTYPES = {"fp32": "float32", "fp16": "float16", "int32": "int32"}
_PORT_CODES = {"fp32": "FLOAT32", "fp16": "FLOAT16", "int32": "INT32"}
_HALF_PORTS_FROM = 7  # specification version of iOS 16
_LARGEST_RANK = 5


class Tensor(NamedTuple):
    """A tensor type of known shape."""

    element: Element
    shape: tuple[int, ...]

    @property
    def elements(self) -> int:
        """How many."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Of all elements."""
        return self.elements * self.element.bytes

    @property
    def dtype(self) -> str | None:
        """What numpy calls the element; None when no package's input or output may be one."""
        return _PORT_DTYPES.get(self.element.name)


def tensor(value_type: Message) -> Tensor | None:
    """The type as a tensor; None for lists, texts, open shapes, and elements not known here."""
    if value_type.WhichOneof("type") != "tensorType":
        return None
    declared = value_type.tensorType
    element = _ELEMENTS.get(declared.dataType)
    sizes = shape(value_type)
    return Tensor(element, sizes) if element and sizes is not None else None


def shape(value_type: Message) -> tuple[int, ...] | None:
    """A tensor's declared shape; None when a dimension is open, or it is no tensor."""
    if value_type.WhichOneof("type") != "tensorType":
        return None
    declared = value_type.tensorType
    if declared.rank != len(declared.dimensions):
        return None
    if any(each.WhichOneof("dimension") != "constant" for each in declared.dimensions):
        return None
    return tuple(int(each.constant.size) for each in declared.dimensions)


def carried(value: Tensor, version: int) -> Tensor | None:
    """As what a value leaves one package and enters the next, exactly; None when it cannot.

    A package's input or output is float32, int32 or, from iOS 16 on, float16. Smaller integers
    and truth values travel as int32, float16 before iOS 16 as float32.

    Args:
        value: its type inside.
        version: the packages' specification version.
    """
    if not 1 <= len(value.shape) <= _LARGEST_RANK or 0 in value.shape:
        return None
    name = value.element.name
    if name not in _PORT_DTYPES:
        name = "int32"
    elif name == "fp16" and version < _HALF_PORTS_FROM:
        name = "fp32"
    return Tensor(_ELEMENTS[_CODES[name]], value.shape)


def value_type(value: Tensor) -> Message:
    """The ``ValueType`` message of a tensor type."""
    message = specification().MIL_pb2.ValueType()
    message.tensorType.dataType = _CODES[value.element.name]
    message.tensorType.rank = len(value.shape)
    for size in value.shape:
        message.tensorType.dimensions.add().constant.size = size
    return message


def feature(name: str, value: Tensor) -> Message:
    """The ``FeatureDescription`` message of an input or output."""
    message = specification().Model_pb2.FeatureDescription(name=name)
    array = message.type.multiArrayType
    array.shape.extend(value.shape)
    codes = specification().FeatureTypes_pb2.ArrayFeatureType.ArrayDataType
    array.dataType = codes.Value(_PORT_CODES[value.element.name])
    return message
