"""The shapes a port takes: one, some of a list, or any in a range of sizes."""

from devsim.mlpackage.proto import Message
from devsim.runtime.protocol import Choice, TensorSpec
from devsim.runtime.reference.faults import MalformedError

_SHOWN = 6

_Declared = tuple[int | None, ...]


def tensor_spec(name: str, declared: _Declared, dtype: str, feature: Message | None) -> TensorSpec:
    """Describe a port.

    Args:
        name: its name.
        declared: its shape in the program; None for a dimension that is open.
        dtype: numpy's name.
        feature: what the package's description says of it; None for an output.

    Raises:
        MalformedError: the description contradicts the program.
    """
    if None not in declared:
        return TensorSpec(name, tuple(size for size in declared if size is not None), dtype)
    if feature is None:
        return TensorSpec(name, tuple(-1 if size is None else size for size in declared), dtype)
    array = feature.type.multiArrayType
    choices = _choices(array, declared)
    for choice in choices:
        if not _fits(choice, declared):
            raise MalformedError(f"input '{name}' is described by shapes that its type excludes")
    default = tuple(int(size) for size in array.shape)
    spec = TensorSpec(name, tuple(low for low, _ in choices[0]), dtype, choices)
    return TensorSpec(name, default, dtype, choices) if spec.admits(default) else spec


def shown(spec: TensorSpec) -> str:
    """The shapes a port takes, as a user reads them."""
    if not spec.choices:
        return str(spec.shape)
    texts = [f"({', '.join(_sizes(*each) for each in choice)})" for choice in spec.choices]
    more = f" or {len(texts) - _SHOWN} others" if len(texts) > _SHOWN else ""
    return " or ".join(texts[:_SHOWN]) + more


def _sizes(low: int, high: int | None) -> str:
    return str(low) if low == high else f"{low} to {'any' if high is None else high}"


def _choices(array: Message, declared: _Declared) -> tuple[Choice, ...]:
    kind = array.WhichOneof("ShapeFlexibility")
    if kind == "enumeratedShapes" and array.enumeratedShapes.shapes:
        return tuple(
            tuple((int(size), int(size)) for size in each.shape)
            for each in array.enumeratedShapes.shapes
        )
    if kind == "shapeRange":
        return (tuple(_range(each) for each in array.shapeRange.sizeRanges),)
    if array.shape:
        return (tuple((int(size), int(size)) for size in array.shape),)
    return (tuple((1, None) if size is None else (size, size) for size in declared),)


def _range(sizes: Message) -> tuple[int, int | None]:
    """A bound below the lowest size is none: the format writes -1."""
    low, high = int(sizes.lowerBound), int(sizes.upperBound)
    return low, high if high >= low else None


def _fits(choice: Choice, declared: _Declared) -> bool:
    return len(choice) == len(declared) and all(
        low >= 0 and size in (None, low) and size in (None, high)
        for size, (low, high) in zip(declared, choice, strict=True)
    )
