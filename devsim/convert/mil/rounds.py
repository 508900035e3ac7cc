"""How often a loop goes round, where its program says so: it counts from a constant to another."""

from collections.abc import Mapping

from devsim.mlpackage.proto import Message

_TURNED = {
    "less": "greater",
    "less_equal": "greater_equal",
    "greater": "less",
    "greater_equal": "less_equal",
    "not_equal": "not_equal",
}
"""Comparisons that a loop may go on by, and what they are with their sides exchanged."""


def rounds_of(loop: Message, constants: Mapping[str, Message]) -> int | None:
    """The rounds of a ``while_loop``; None where they depend on what is computed.

    Args:
        loop: the ``Operation`` message.
        constants: ``Value`` of the constants that it can see.
    """
    condition, body = loop.blocks
    variables = [str(named.name) for named in condition.inputs]
    test = _maker(condition, condition.outputs[0])
    if test is None or test.type not in _TURNED:
        return None
    inside = {**constants, **_constants(condition)}
    kind, variable, limit = test.type, _name(test, "x"), _value(test, "y", inside)
    if limit is None:
        kind, variable, limit = _TURNED[kind], _name(test, "y"), _value(test, "x", inside)
    if limit is None or variable not in variables:
        return None
    number = variables.index(variable)
    start = _bound(loop.inputs["loop_vars"].arguments[number], constants)
    step = _step(body, number, {**constants, **_constants(body)})
    if start is None or not step:
        return None
    return _rounds(kind, limit - start, step)


def _rounds(kind: str, distance: int, step: int) -> int | None:
    """Rounds until the comparison fails; None for a loop that would not end."""
    if step < 0:
        kind, distance, step = _TURNED[kind], -distance, -step
    if kind == "less":
        return max(0, -(-distance // step))
    if kind == "less_equal":
        return max(0, distance // step + 1)
    if kind == "not_equal" and distance >= 0 and distance % step == 0:
        return distance // step
    return None


def _step(body: Message, number: int, constants: Mapping[str, Message]) -> int | None:
    """What a round adds to a variable."""
    made = _maker(body, body.outputs[number])
    if made is None or made.type not in ("add", "sub"):
        return None
    variable = str(body.inputs[number].name)
    if _name(made, "x") == variable:
        step = _value(made, "y", constants)
        return -step if step and made.type == "sub" else step
    if _name(made, "y") == variable and made.type == "add":
        return _value(made, "x", constants)
    return None


def _maker(block: Message, name: str) -> Message | None:
    for operation in block.operations:
        if any(named.name == name for named in operation.outputs):
            return operation
    return None


def _constants(block: Message) -> dict[str, Message]:
    return {
        str(operation.outputs[0].name): operation.attributes["val"]
        for operation in block.operations
        if operation.type == "const"
    }


def _name(operation: Message, argument: str) -> str:
    bindings = operation.inputs[argument].arguments
    return str(bindings[0].name) if len(bindings) == 1 else ""


def _value(operation: Message, argument: str, constants: Mapping[str, Message]) -> int | None:
    bindings = operation.inputs[argument].arguments
    return _bound(bindings[0], constants) if len(bindings) == 1 else None


def _bound(binding: Message, constants: Mapping[str, Message]) -> int | None:
    """A constant that is one whole number."""
    value = binding.value if binding.WhichOneof("binding") == "value" else None
    if value is None and binding.name in constants:
        value = constants[binding.name]
    if value is None:
        return None
    ints = value.immediateValue.tensor.ints.values
    return int(ints[0]) if len(ints) == 1 else None
