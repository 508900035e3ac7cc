"""What the program's ports take and give: their types, and what the description adds to them."""

from devsim.mlpackage.proto import Message
from devsim.runtime.described import (
    ARRAY_DTYPES,
    array_choices,
    default_value,
    is_picture,
    picture,
)
from devsim.runtime.images import channels
from devsim.runtime.protocol import Choice, Label, TensorSpec
from devsim.runtime.reference.faults import MalformedError, UnknownOperationError
from devsim.runtime.reference.mil_types import TensorType

# What an input or output may be, by MIL's name and by numpy's.
_DTYPES = {
    "fp16": "float16",
    "fp32": "float32",
    "int32": "int32",
    "int8": "int8",
    "uint8": "uint8",
}
_PLANES = ("fp16", "fp32", "uint8")

_Shape = tuple[int | None, ...]


def input_spec(name: str, declared: TensorType | None, feature: Message) -> TensorSpec:
    """Describe an input.

    Args:
        name: its name.
        declared: its type in the program.
        feature: what the package's description says of it.

    Raises:
        UnknownOperationError: its type is not one that an input may have.
        MalformedError: the description contradicts the program.
    """
    shape, dtype = _declared(name, declared)
    if is_picture(feature):
        return _picture(name, declared, feature)
    array = feature.type.multiArrayType
    _check_dtype(name, dtype, array)
    choices = array_choices(array) or _only_choice(array, shape)
    if not all(_fits(choice, shape) for choice in choices):
        raise MalformedError(f"input '{name}' is described by shapes that its type excludes")
    known = tuple(size for size in shape if size is not None)
    default = default_value(feature)
    if len(known) == len(shape):
        return TensorSpec(name, known, dtype, default=default)
    first = tuple(low for low, _ in choices[0])
    spec = TensorSpec(name, first, dtype, choices, default=default)
    described = tuple(int(size) for size in array.shape)
    return (
        TensorSpec(name, described, dtype, choices, default=default)
        if (spec.admits(described))
        else spec
    )


def output_spec(name: str, declared: TensorType | None, feature: Message) -> TensorSpec:
    """Describe an output that is an array or a picture; see ``input_spec``."""
    shape, dtype = _declared(name, declared)
    if is_picture(feature):
        spec = _picture(name, declared, feature)
        sizes = tuple(-1 if size is None else size for size in shape[2:])
        return TensorSpec(name, sizes + spec.shape[2:], spec.dtype, color=spec.color)
    array = feature.type.multiArrayType
    _check_dtype(name, dtype, array)
    if array.shape and shape and not array_choices(array):
        described: Choice = tuple((int(size), int(size)) for size in array.shape)
        if not _fits(described, shape):
            raise MalformedError(f"output '{name}' is described by a shape that its type excludes")
    return TensorSpec(name, tuple(-1 if size is None else size for size in shape), dtype)


def label_spec(name: str, feature: Message) -> TensorSpec:
    """Describe the class label that a classifier gives."""
    text = feature.type.WhichOneof("Type") == "stringType"
    return TensorSpec(name, (), "str" if text else "int64")


def probabilities_spec(name: str, classes: tuple[Label, ...]) -> TensorSpec:
    """Describe the probabilities that a classifier gives."""
    return TensorSpec(name, (len(classes),), "float32", classes=classes)


def check_flexible(specs: tuple[TensorSpec, ...]) -> None:
    """Refuse inputs of several shapes that Core ML does not load together.

    Raises:
        MalformedError: some are of enumerated shapes and some of ranges, or lists of enumerated
            shapes have different lengths.
    """
    listed = [spec for spec in specs if spec.enumerated]
    ranged = [spec for spec in specs if spec.ranged]
    if listed and ranged:
        raise MalformedError(
            f"input '{listed[0].name}' is of enumerated shapes and '{ranged[0].name}' of a range, "
            "which Core ML does not load in one model"
        )
    if len({len(spec.choices) for spec in listed}) > 1:
        counts = ", ".join(f"'{spec.name}' {len(spec.choices)}" for spec in listed)
        raise MalformedError(
            f"inputs have different numbers of enumerated shapes ({counts}), which Core ML does "
            "not load"
        )


def _declared(name: str, declared: TensorType | None) -> tuple[_Shape, str]:
    if declared is None or declared.shape is None:
        raise UnknownOperationError(f"'{name}', which is no tensor of known rank")
    dtype = _DTYPES.get(declared.element.name)
    if dtype is None:
        raise UnknownOperationError(f"'{name}' of type {declared.element.name}")
    return declared.shape, dtype


def _picture(name: str, declared: TensorType | None, feature: Message) -> TensorSpec:
    try:
        spec = picture(feature)
    except ValueError as error:
        raise MalformedError(str(error)) from error
    color = spec.color
    if declared is None or declared.shape is None or color is None:
        raise MalformedError(f"picture '{name}' is no tensor in the program")
    sizes = spec.choices or (tuple((size, size) for size in spec.shape),)
    planes: list[Choice] = [((1, 1), (channels(color),) * 2, *choice[:2]) for choice in sizes]
    if declared.element.name not in _PLANES or not all(
        _fits(choice, declared.shape) for choice in planes
    ):
        raise MalformedError(f"picture '{name}' is described by sizes that its type excludes")
    return spec


def _check_dtype(name: str, dtype: str, array: Message) -> None:
    described = ARRAY_DTYPES.get(array.dataType)
    if described != dtype:
        raise MalformedError(
            f"'{name}' is {dtype} in the program and {described or 'nothing known'} in the "
            "model's description"
        )


def _only_choice(array: Message, declared: _Shape) -> tuple[Choice, ...]:
    """Of an input without described flexibility; Core ML has no array without dimensions."""
    if array.shape and declared:
        return (tuple((int(size), int(size)) for size in array.shape),)
    return (tuple((1, None) if size is None else (size, size) for size in declared),)


def _fits(choice: Choice, declared: _Shape) -> bool:
    return len(choice) == len(declared) and all(
        low >= 0 and size in (None, low) and size in (None, high)
        for size, (low, high) in zip(declared, choice, strict=True)
    )
