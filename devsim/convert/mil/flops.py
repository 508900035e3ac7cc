"""FLOPs of a MIL operation, from declared shapes alone; a multiply-add counts as two.

Only products count, as torch's ``FlopCounterMode`` counts: convolutions, matrix products, attention
and recurrences. What is nested in a loop counts once a round where the rounds are known, else once;
both branches of a condition count.
"""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

from devsim.convert.mil.rounds import rounds_of
from devsim.convert.mil.types import shape
from devsim.mlpackage.proto import Message

Shape = tuple[int, ...]
Arguments = Mapping[str, list[Shape]]


class Flops(NamedTuple):
    """What one compute of an operation takes."""

    total: int
    open_loops: int = 0
    """Loops in it of which one round was counted, as their number of rounds is not known."""


def operation_flops(
    operation: Message, types: Mapping[str, Message], constants: Mapping[str, Message]
) -> Flops:
    """FLOPs of one compute; zero where a shape is open.

    Args:
        operation: the ``Operation`` message.
        types: ``ValueType`` of every name that it can see.
        constants: ``Value`` of the constants among them.
    """
    if operation.blocks:
        return _nested_flops(operation, types, constants)
    return Flops(_product_flops(operation, types, constants))


def _product_flops(
    operation: Message, types: Mapping[str, Message], constants: Mapping[str, Message]
) -> int:
    count = _COUNTS.get(operation.type)
    if count is None or not operation.outputs:
        return 0
    arguments = {key: _shapes(value, types) for key, value in operation.inputs.items()}
    result = shape(operation.outputs[0].type)
    shapes = [each for several in arguments.values() for each in several]
    if result is None or any(each is None for each in shapes):
        return 0
    known = {
        key: [each for each in several if each is not None] for key, several in arguments.items()
    }
    try:
        return count(known, result, _equation(operation, constants))
    except (LookupError, ValueError):
        return 0  # arguments that do not fit: the runtime will say so


def _nested_flops(
    operation: Message, types: Mapping[str, Message], constants: Mapping[str, Message]
) -> Flops:
    blocks = [_block_flops(block, types, constants) for block in operation.blocks]
    open_loops = sum(block.open_loops for block in blocks)
    if operation.type != "while_loop" or len(blocks) != 2:
        return Flops(sum(block.total for block in blocks), open_loops)
    condition, body = (block.total for block in blocks)
    rounds = rounds_of(operation, constants)
    if rounds is None:
        return Flops(condition + body, open_loops + (body > 0))
    return Flops((rounds + 1) * condition + rounds * body, open_loops)


def _block_flops(
    block: Message, types: Mapping[str, Message], constants: Mapping[str, Message]
) -> Flops:
    inner = {**types, **{named.name: named.type for named in block.inputs}}
    constants = dict(constants)
    total = open_loops = 0
    for operation in block.operations:
        inner |= {named.name: named.type for named in operation.outputs}
        if operation.type == "const":
            constants[operation.outputs[0].name] = operation.attributes["val"]
        flops = operation_flops(operation, inner, constants)
        total += flops.total
        open_loops += flops.open_loops
    return Flops(total, open_loops)


def _equation(operation: Message, constants: Mapping[str, Message]) -> str:
    """The text that says what an ``einsum`` does; empty for other operations."""
    for binding in operation.inputs["equation"].arguments if "equation" in operation.inputs else ():
        named = binding.WhichOneof("binding") == "name"
        value = constants[binding.name] if named else binding.value
        return str(value.immediateValue.tensor.strings.values[0])
    return ""


def _shapes(argument: Message, types: Mapping[str, Message]) -> list[Shape | None]:
    return [
        shape(types[binding.name])
        if binding.WhichOneof("binding") == "name" and binding.name in types
        else shape(binding.value.type)
        for binding in argument.arguments
    ]


def _linear(arguments: Arguments, result: Shape, equation: str) -> int:
    return 2 * math.prod(result) * arguments["weight"][0][-1]


def _conv(arguments: Arguments, result: Shape, equation: str) -> int:
    return 2 * math.prod(result) * math.prod(arguments["weight"][0][1:])


def _conv_transpose(arguments: Arguments, result: Shape, equation: str) -> int:
    return 2 * math.prod(arguments["x"][0]) * math.prod(arguments["weight"][0][1:])


def _matmul(arguments: Arguments, result: Shape, equation: str) -> int:
    x, y = arguments["x"][0], arguments["y"][0]
    if len(x) < 2 or len(y) < 2:
        return 2 * max(math.prod(x), math.prod(y))
    # Of x (M, K) and y (K, N), whichever is transposed, the sizes give K * K.
    squared = math.prod(x[-2:]) * math.prod(y[-2:]) // max(1, math.prod(result[-2:]))
    return 2 * math.prod(result) * math.isqrt(squared)


def _attention(arguments: Arguments, result: Shape, equation: str) -> int:
    query, key, value = (arguments[name][0] for name in ("query", "key", "value"))
    return 2 * math.prod(query[:-1]) * key[-2] * (query[-1] + value[-1])


def _einsum(arguments: Arguments, result: Shape, equation: str) -> int:
    first, second = arguments["values"]
    labels = equation.partition("->")[0].replace(" ", "").split(",")
    sizes = dict(zip(labels[0], first, strict=True)) | dict(zip(labels[1], second, strict=True))
    return 2 * math.prod(sizes.values())


def _recurrence(arguments: Arguments, result: Shape, equation: str) -> int:
    steps = arguments["x"][0]
    weights = [
        each
        for name, shapes in arguments.items()
        if name.startswith("weight") and not name.startswith("weight_p")
        for each in shapes
    ]
    return 2 * steps[0] * steps[1] * sum(map(math.prod, weights))


_COUNTS: dict[str, Callable[[Arguments, Shape, str], int]] = {
    "linear": _linear,
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "matmul": _matmul,
    "scaled_dot_product_attention": _attention,
    "einsum": _einsum,
    "lstm": _recurrence,
    "gru": _recurrence,
    "rnn": _recurrence,
}
