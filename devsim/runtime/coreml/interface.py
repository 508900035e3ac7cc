"""What a package takes and returns, from its model description."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devsim.core.errors import BadInputError
from devsim.mlpackage.package import model_file
from devsim.runtime.described import (
    ARRAY_DTYPES,
    array_choices,
    classes,
    default_value,
    is_picture,
    picture,
)
from devsim.runtime.inputs import fit_inputs
from devsim.runtime.protocol import Array, Label, Tensors, TensorSpec

Message = Any
"""A protobuf message (coremltools' ``proto/Model.proto``)."""

_RUNNABLE = ("mlProgram", "pipeline", "pipelineClassifier", "pipelineRegressor")
_ALONE = "main"
_LABEL_DTYPES = {"stringType": "str", "int64Type": "int64"}


@dataclass(frozen=True, slots=True)
class Interface:
    """The inputs and outputs of a function of a package.

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
        """The tensors as the package takes them; see ``fit_inputs``.

        Raises:
            BadInputError: one is missing, unknown, or not what the package takes.
        """
        return fit_inputs(package, self.inputs, tensors).tensors


@dataclass(frozen=True, slots=True)
class Interfaces:
    """The interface of every function of a package.

    Attributes:
        functions: by name.
        default: the name of the function that predicts unless another one is asked for.
    """

    functions: Mapping[str, Interface]
    default: str

    def of(self, package: Path, function: str | None) -> Interface:
        """The interface of a function; of the default one where None is asked for.

        Raises:
            BadInputError: the package has no such function.
        """
        name = function or self.default
        if name not in self.functions:
            raise BadInputError(
                f"{package}: has no function '{name}'",
                f"use one of: {', '.join(sorted(self.functions))}",
            )
        return self.functions[name]


def read_interfaces(package: Path) -> Interfaces:
    """Read what the functions of a package take, with ``coremltools.utils.load_spec``.

    Raises:
        ValueError: it is no ML program and no pipeline, or takes or returns what is not known.
        Exception: whatever json and coremltools raise for a damaged package.
    """
    import coremltools as ct

    # Given the folder, load_spec would write a new Manifest.json.
    spec: Any = ct.utils.load_spec(str(model_file(package)))
    if spec.WhichOneof("Type") not in _RUNNABLE:
        raise ValueError(f"is a {spec.WhichOneof('Type')}, not an ML program")
    # A package of several functions describes each apart (Model.proto, FunctionDescription).
    functions = {
        str(each.name): _interface(str(each.name), each, spec.mlProgram)
        for each in spec.description.functions
    }
    if functions:
        return Interfaces(functions, str(spec.description.defaultFunctionName))
    return Interfaces({_ALONE: _interface(None, spec.description, spec.mlProgram)}, _ALONE)


def _interface(function: str | None, described: Message, program: Message) -> Interface:
    known: dict[str, tuple[Label, ...]] = {}
    for each in program.functions.values():
        for block in each.block_specializations.values():
            known |= classes(block)
    return Interface(
        function,
        _specs(described.input, known),
        _specs(described.output, known),
        bool(described.state),
    )


def _specs(
    features: Iterable[Message], known: Mapping[str, tuple[Label, ...]]
) -> tuple[TensorSpec, ...]:
    return tuple(_spec(feature, known) for feature in features)


def _spec(feature: Message, known: Mapping[str, tuple[Label, ...]]) -> TensorSpec:
    kind, name = feature.type.WhichOneof("Type"), str(feature.name)
    if is_picture(feature):
        return picture(feature)
    if kind in _LABEL_DTYPES:
        return TensorSpec(name, (), _LABEL_DTYPES[kind])
    if kind == "dictionaryType" and name in known:
        return TensorSpec(name, (len(known[name]),), "float32", classes=known[name])
    array = feature.type.multiArrayType
    dtype = ARRAY_DTYPES.get(array.dataType)
    if kind != "multiArrayType" or dtype is None:
        raise ValueError(f"'{name}' is not an array of numbers")
    choices = array_choices(array)
    shape = tuple(array.shape) or tuple(low for low, _ in (choices or ((),))[0])
    return TensorSpec(name, shape, dtype, choices, default=default_value(feature))
