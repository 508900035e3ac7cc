"""What a package takes and returns, from its model description."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from devsim.core.errors import BadInputError
from devsim.mlpackage.package import model_file
from devsim.runtime.protocol import Array, Choice, Tensors, TensorSpec

Feature = Any
"""A protobuf ``FeatureDescription`` (coremltools' ``proto/Model.proto``)."""

_DTYPES = {"FLOAT32": "float32", "FLOAT16": "float16", "INT32": "int32", "DOUBLE": "float64"}
_ONLY_FUNCTION = "main"


@dataclass(frozen=True, slots=True)
class Interface:
    """The inputs and outputs of a package's default function.

    Attributes:
        function: the function's name where the package describes several, else None.
        inputs: what it takes.
        outputs: what it returns.
        stateful: whether it has states.
    """

    function: str | None
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    stateful: bool

    def check(self, package: Path, tensors: Tensors) -> dict[str, Array]:
        """The tensors, once they are what the package takes.

        Raises:
            BadInputError: one is missing, unknown, or of another dtype or shape than admitted.
        """
        wanted = sorted(spec.name for spec in self.inputs)
        for name in sorted({*wanted}.symmetric_difference(tensors)):
            problem = "is missing" if name in wanted else "is not an input of it"
            raise BadInputError(f"{package}: '{name}' {problem}", f"give {', '.join(wanted)}")
        for spec in self.inputs:
            _check_array(package, spec, tensors[spec.name])
        return dict(tensors)


def read_interface(package: Path) -> Interface:
    """Read what a package's default function takes, with ``coremltools.utils.load_spec``.

    Raises:
        ValueError: it is no ML program, or takes or returns what is no array.
        Exception: whatever json and coremltools raise for a damaged package.
    """
    import coremltools as ct

    # Given the folder, load_spec would write a new Manifest.json.
    spec: Any = ct.utils.load_spec(str(model_file(package)))
    if spec.WhichOneof("Type") != "mlProgram":
        raise ValueError(f"is a {spec.WhichOneof('Type')}, not an ML program")
    default = spec.description.defaultFunctionName
    # A package of several functions describes each apart (Model.proto, FunctionDescription).
    for function in spec.description.functions:
        if function.name == default:
            return _interface(default, function)
    return _interface(None, spec.description)


def _interface(function: str | None, described: Feature) -> Interface:
    return Interface(
        function,
        _tensor_specs(described.input),
        _tensor_specs(described.output),
        bool(described.state),
    )


def _tensor_specs(features: Iterable[Feature]) -> tuple[TensorSpec, ...]:
    return tuple(_tensor_spec(feature) for feature in features)


def _tensor_spec(feature: Feature) -> TensorSpec:
    array = feature.type.multiArrayType
    dtype = array.ArrayDataType.Name(array.dataType)
    if feature.type.WhichOneof("Type") != "multiArrayType" or dtype not in _DTYPES:
        raise ValueError(f"'{feature.name}' is not an array of numbers")
    return TensorSpec(feature.name, tuple(array.shape), _DTYPES[dtype], _choices(array))


def _choices(array: Feature) -> tuple[Choice, ...]:
    """The shapes of a flexible array; an upper bound below 0 is none (FeatureTypes.proto)."""
    match array.WhichOneof("ShapeFlexibility"):
        case "enumeratedShapes":
            shapes = array.enumeratedShapes.shapes
            return tuple(tuple((size, size) for size in each.shape) for each in shapes)
        case "shapeRange":
            ranges = array.shapeRange.sizeRanges
            return (
                tuple(
                    (each.lowerBound, None if each.upperBound < 0 else each.upperBound)
                    for each in ranges
                ),
            )
    return ()


def _check_array(package: Path, spec: TensorSpec, array: Array) -> None:
    dtype = getattr(array, "dtype", type(array).__name__)
    if not isinstance(array, np.ndarray) or dtype != spec.dtype or not spec.admits(array.shape):
        raise BadInputError(
            f"{package}: input '{spec.name}' is {dtype} {np.shape(array)}",
            f"give it as {spec.dtype} {spec.shape}",
        )
