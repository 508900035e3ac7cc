"""The inputs, states and outputs of a function: what the program has and the description names."""

from collections.abc import Iterable, Iterator, Mapping

from devsim.core.printable import quoted
from devsim.mlpackage.proto import Message
from devsim.runtime.described import classes
from devsim.runtime.protocol import TensorSpec
from devsim.runtime.reference.faults import MalformedError
from devsim.runtime.reference.functions import Function
from devsim.runtime.reference.shapes import (
    input_spec,
    label_spec,
    output_spec,
    probabilities_spec,
)
from devsim.runtime.reference.slots import Slots

_LABELS = ("stringType", "int64Type")


class Interface:
    """What the description says of a function's ports.

    Raises:
        MalformedError: the program and the description name other inputs, states or outputs.
    """

    def __init__(self, function: Function) -> None:
        described = function.described
        self._inputs = _by_name(described.input)
        self._outputs = _by_name(described.output)
        self._classes = classes(function.block)
        states = [each.name for each in function.inputs if is_state(each)]
        inputs = [each.name for each in function.inputs if not is_state(each)]
        _check_names("input", inputs, self._inputs)
        _check_names("state", states, _by_name(described.state))
        _check_names("output", function.block.outputs, self._outputs)

    def input(self, name: str, slots: Slots) -> TensorSpec:
        """Describe an input whose type the slots know."""
        return input_spec(name, slots.declared(name), self._inputs[name])

    def outputs(self, names: Iterable[str], slots: Slots) -> Iterator[TensorSpec]:
        """Describe outputs whose types the slots know."""
        for name in names:
            feature = self._outputs[name]
            kind = feature.type.WhichOneof("Type")
            if kind in _LABELS:
                yield label_spec(name, feature)
            elif kind == "dictionaryType":
                yield probabilities_spec(name, self._classes.get(name, ()))
            else:
                yield output_spec(name, slots.declared(name), feature)


def is_state(named: Message) -> bool:
    """Whether an input of a function is a state."""
    return bool(named.type.WhichOneof("type") == "stateType")


def _by_name(features: Iterable[Message]) -> Mapping[str, Message]:
    return {str(feature.name): feature for feature in features}


def _check_names(kind: str, program: Iterable[str], described: Mapping[str, Message]) -> None:
    """Core ML does not load a program whose ports are not those of the description."""
    names = {str(name) for name in program}
    for name in sorted(names.symmetric_difference(described)):
        has, lacks = ("program", "model's description")[:: 1 if name in names else -1]
        raise MalformedError(
            f"the {has} has {kind} '{quoted(name)}', which the {lacks} does not have; "
            "Core ML does not load that"
        )
