"""What a package's model description says of its inputs and outputs.

The messages are coremltools' ``FeatureDescription`` (``Model.proto``, ``FeatureTypes.proto``),
which has no types.
"""

from collections.abc import Iterator
from typing import Any

from devsim.runtime.images import channels, pixel_dtype
from devsim.runtime.protocol import Choice, Color, Label, TensorSpec

Message = Any
"""A protobuf message."""

# ColorSpace of FeatureTypes.proto.
_COLORS: dict[int, Color] = {10: "gray", 20: "rgb", 30: "bgr", 40: "gray float16"}

# ArrayDataType of FeatureTypes.proto.
ARRAY_DTYPES = {
    65568: "float32",
    65600: "float64",
    65552: "float16",
    131104: "int32",
    131080: "int8",
}


def is_picture(feature: Message) -> bool:
    """Whether an input or output is a picture."""
    return bool(feature.type.WhichOneof("Type") == "imageType")


def picture(feature: Message) -> TensorSpec:
    """Describe an input or output that is a picture.

    Raises:
        ValueError: its colors are not known, or no size is described.
    """
    image = feature.type.imageType
    color = _COLORS.get(image.colorSpace)
    if color is None:
        raise ValueError(f"picture '{feature.name}' has color space {image.colorSpace}")
    last = ((3, 3),) if channels(color) == 3 else ()
    choices = tuple(sizes + last for sizes in _picture_sizes(image))
    default = int(image.height), int(image.width)
    if not all(default):
        if not choices:
            raise ValueError(f"picture '{feature.name}' has no size")
        default = choices[0][0][0], choices[0][1][0]
    shape = default + tuple(low for low, _ in last)
    return TensorSpec(feature.name, shape, pixel_dtype(color), choices, color)


def array_choices(array: Message) -> tuple[Choice, ...]:
    """The shapes that a flexible array is described by; empty for one of a single shape."""
    kind = array.WhichOneof("ShapeFlexibility")
    if kind == "enumeratedShapes":
        return tuple(
            tuple((int(size), int(size)) for size in each.shape)
            for each in array.enumeratedShapes.shapes
        )
    if kind == "shapeRange":
        return (tuple(_range(each) for each in array.shapeRange.sizeRanges),)
    return ()


def default_value(feature: Message) -> float | None:
    """What every element of an optional input is where it is not given; None where it must be."""
    if not feature.type.isOptional:
        return None
    array = feature.type.multiArrayType
    field = array.WhichOneof("defaultOptionalValue")
    return float(getattr(array, field)) if field else 0.0


def classes(block: Message) -> dict[str, tuple[Label, ...]]:
    """The classes of each ``classify`` operation, by the name of its probabilities."""
    return {
        str(operation.outputs[1].name): tuple(_labels(operation, block))
        for operation in block.operations
        if operation.type == "classify" and len(operation.outputs) == 2
    }


def _labels(classify: Message, block: Message) -> Iterator[Label]:
    for binding in classify.inputs["classes"].arguments:
        value = binding.value
        for operation in block.operations:
            if operation.type == "const" and operation.outputs[0].name == binding.name:
                value = operation.attributes["val"]
        for each in value.immediateValue.list.values:
            content = each.immediateValue.tensor
            field = content.WhichOneof("value")
            yield from (getattr(content, field).values if field else ())


def _picture_sizes(image: Message) -> tuple[Choice, ...]:
    kind = image.WhichOneof("SizeFlexibility")
    if kind == "enumeratedSizes":
        return tuple(
            ((int(size.height), int(size.height)), (int(size.width), int(size.width)))
            for size in image.enumeratedSizes.sizes
        )
    if kind == "imageSizeRange":
        sizes = image.imageSizeRange
        return ((_range(sizes.heightRange), _range(sizes.widthRange)),)
    return ()


def _range(sizes: Message) -> tuple[int, int | None]:
    """A bound below the lowest size is none: the format writes -1."""
    low, high = int(sizes.lowerBound), int(sizes.upperBound)
    return low, high if high >= low else None
