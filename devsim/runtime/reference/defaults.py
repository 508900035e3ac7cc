"""Shapes at the default sizes of flexible inputs, where Core ML decides by them.

Core ML prepares a program for the default shapes when it loads it, and its ``stack`` wants values
of one shape then already, whatever is given later.
"""

from collections.abc import Callable

from devsim.mlpackage.proto import Message
from devsim.runtime.reference.faults import MalformedError
from devsim.runtime.reference.mil_types import TensorType

_FOLLOWED = {"cast": "x", "identity": "x", "stack": "values"}
"""What ``stack`` takes, and what coremltools writes between an input and it, by operation."""

_Shape = tuple[int, ...]
Types = Callable[[str], TensorType | None]


class DefaultShapes:
    """Notes the shapes of values, and refuses what Core ML refuses because of them."""

    def __init__(self) -> None:
        self._shapes: dict[str, _Shape] = {}

    def note(self, name: str, shape: _Shape) -> None:
        """Note the shape that a value has when inputs have their default ones."""
        self._shapes[name] = shape

    def follow(self, operation: Message, types: Types, where: str) -> None:
        """Go on through an operation.

        Args:
            operation: the message.
            types: gives the declared type of a value by its name.
            where: what to call it in an error.

        Raises:
            MalformedError: it stacks values of several shapes.
        """
        parameter = _FOLLOWED.get(operation.type)
        if parameter is None or parameter not in operation.inputs:
            return
        known = {
            shape
            for binding in operation.inputs[parameter].arguments
            if binding.name and (shape := self._shape(binding.name, types)) is not None
        }
        if operation.type == "stack" and len(known) > 1:
            raise MalformedError(
                f"{where} stacks values of shapes {' and '.join(map(str, sorted(known)))} when "
                "inputs have their default shapes, which Core ML does not load"
            )
        if operation.type != "stack" and len(known) == 1 and operation.outputs:
            self._shapes[operation.outputs[0].name] = known.pop()

    def _shape(self, name: str, types: Types) -> _Shape | None:
        declared = types(name)
        return self._shapes.get(name, declared.known_shape if declared else None)
