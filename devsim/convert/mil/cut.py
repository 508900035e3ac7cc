"""One block of a cut function as a model of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from devsim.convert.mil.graph import MAIN, Graph, Node
from devsim.convert.mil.types import Tensor, carried, feature, tensor, value_type
from devsim.core.manifest import Port
from devsim.mlpackage.proto import Message, specification

_NEXT = ".next"
_CARRIED = "_carried"


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of operations with the constants they need.

    Attributes:
        nodes: in order.
        inputs: the function's inputs that they use.
        entering: values made before that they use.
        leaving: values they make that are used after.
        finished: the function's outputs that they make.
    """

    nodes: tuple[Node, ...]
    inputs: tuple[str, ...]
    entering: tuple[str, ...]
    leaving: tuple[str, ...]
    finished: tuple[str, ...]


def segments(graph: Graph, bounds: Sequence[int]) -> list[Segment]:
    """Cut the function.

    Args:
        graph: the function.
        bounds: how many computing operations are before each cut, rising.
    """
    part_of = _parts(graph, bounds)
    made_in = {name: part for node, part in part_of for name in node.writes}
    uses: dict[str, set[int]] = {}
    for node, part in part_of:
        for name in node.reads:
            uses.setdefault(name, set()).add(part)
    return [
        _segment(graph, part, [node for node, at in part_of if at == part], made_in, uses)
        for part in range(len(bounds) + 1)
    ]


def _parts(graph: Graph, bounds: Sequence[int]) -> list[tuple[Node, int]]:
    """The computing operations and the part that each is in."""
    computing = [node for node in graph.nodes if not node.constant]
    edges = [0, *bounds, len(computing)]
    return [
        (node, part)
        for part, (start, end) in enumerate(pairwise(edges))
        for node in computing[start:end]
    ]


def _segment(
    graph: Graph,
    part: int,
    nodes: Sequence[Node],
    made_in: dict[str, int],
    uses: dict[str, set[int]],
) -> Segment:
    last = max(made_in.values(), default=0)
    finished = tuple(n for n in graph.outputs if made_in.get(n, last) == part)
    wanted = {name for node in nodes for name in node.reads}.union(finished)
    computed = {node.writes for node in nodes}
    whole = []
    for node in reversed(graph.nodes):
        if node.writes in computed or (node.constant and wanted.intersection(node.writes)):
            wanted |= node.reads
            whole.append(node)
    return Segment(
        nodes=tuple(whole[::-1]),
        inputs=tuple(name for name in graph.inputs if name in wanted),
        entering=tuple(n for n, made in made_in.items() if made < part and n in wanted),
        leaving=tuple(
            n for n, made in made_in.items() if made == part and max(uses.get(n, {0})) > part
        ),
        finished=finished,
    )


def segment_model(graph: Graph, segment: Segment) -> Message:
    """The ``Model`` message of a segment; its weights are still called as in the whole."""
    source = graph.package.model
    model = specification().Model_pb2.Model(specificationVersion=source.specificationVersion)
    model.description.metadata.CopyFrom(source.description.metadata)
    program = model.mlProgram
    program.version = source.mlProgram.version
    program.docString = source.mlProgram.docString
    for key, value in source.mlProgram.attributes.items():
        program.attributes[key].CopyFrom(value)
    function = program.functions[MAIN]
    function.opset = graph.function.opset
    for key, value in graph.function.attributes.items():
        function.attributes[key].CopyFrom(value)
    block = function.block_specializations[function.opset]
    for key, value in graph.block.attributes.items():
        block.attributes[key].CopyFrom(value)
    for name in segment.inputs:
        function.inputs.add(name=name, type=graph.types[name])
        model.description.input.append(_described(graph, name, graph.inputs[name]))
    for name in segment.entering:
        _enter(graph, name, model)
    block.operations.extend(node.message for node in segment.nodes)
    for name in segment.finished:
        block.outputs.append(name)
        model.description.output.append(_described(graph, name, graph.outputs[name]))
    for name in segment.leaving:
        _leave(graph, name, model)
    return model


def segment_ports(graph: Graph, segment: Segment) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
    """The inputs and outputs of a segment's package, and the stage tensors they are.

    A value is a stage tensor of its own name. An output of the function that a later segment reads
    flows on as a tensor of another name, so that the output itself is what nobody takes.
    """
    inputs = [_port(name, name, _declared(graph, name)) for name in segment.inputs]
    for name in segment.entering:
        inputs.append(_port(_outside(graph, name), _flow(graph, name), _travelling(graph, name)))
    outputs = [_port(name, name, _declared(graph, name)) for name in segment.finished]
    for name in segment.leaving:
        outputs.append(_port(_outside(graph, name), _flow(graph, name), _travelling(graph, name)))
    return tuple(inputs), tuple(outputs)


def _described(graph: Graph, name: str, whole: Message) -> Message:
    """As the whole describes it; a picture as the planes it is in the program."""
    if whole.type.WhichOneof("Type") != "imageType":
        return whole
    return feature(name, _declared(graph, name))


def _enter(graph: Graph, name: str, model: Message) -> None:
    inner, outer = _declared(graph, name), _travelling(graph, name)
    function = model.mlProgram.functions[MAIN]
    outside = _outside(graph, name)
    function.inputs.add(name=outside, type=value_type(outer))
    model.description.input.append(feature(outside, outer))
    if outside != name:
        block = function.block_specializations[function.opset]
        _cast(block, outside, name, inner)


def _leave(graph: Graph, name: str, model: Message) -> None:
    function = model.mlProgram.functions[MAIN]
    block = function.block_specializations[function.opset]
    outer, outside = _travelling(graph, name), _outside(graph, name)
    if outside != name:
        _cast(block, name, outside, outer)
    if outside not in block.outputs:
        block.outputs.append(outside)
        model.description.output.append(feature(outside, outer))


def _cast(block: Message, source: str, target: str, to: Tensor) -> None:
    """Append the conversion of a value, in the form that coremltools writes."""
    text = specification().MIL_pb2.Value()
    text.type.tensorType.dataType = specification().MIL_pb2.DataType.STRING
    dtype = f"{target}_dtype"
    constant = block.operations.add(type="const")
    constant.outputs.add(name=dtype, type=text.type)
    operation = block.operations.add(type="cast")
    operation.inputs["x"].arguments.add(name=source)
    operation.inputs["dtype"].arguments.add(name=dtype)
    operation.outputs.add(name=target, type=value_type(to))
    for message, key, value in (
        (constant, "name", dtype),
        (constant, "val", to.element.name),
        (operation, "name", target),
    ):
        text.immediateValue.tensor.strings.values[:] = [value]
        message.attributes[key].CopyFrom(text)


def _port(name: str, flow: str, value: Tensor) -> Port:
    return Port.model_validate(
        {"name": name, "tensor": flow, "shape": value.shape, "dtype": value.dtype}
    )


def _declared(graph: Graph, name: str) -> Tensor:
    value = tensor(graph.types[name])
    if value is None:
        raise AssertionError("a value of a legal place is a tensor")
    return value


def _travelling(graph: Graph, name: str) -> Tensor:
    value = carried(_declared(graph, name), graph.version)
    if value is None:
        raise AssertionError("a value of a legal place can travel")
    return value


def _outside(graph: Graph, name: str) -> str:
    """What packages call a value: its name, or another when it travels as another type."""
    return _free(graph, name + _CARRIED) if _travels_changed(graph, name) else name


def _flow(graph: Graph, name: str) -> str:
    return _free(graph, name + _NEXT) if name in graph.outputs else name


def _travels_changed(graph: Graph, name: str) -> bool:
    return _travelling(graph, name) != _declared(graph, name)


def _free(graph: Graph, name: str) -> str:
    while name in graph.types:
        name += "_"
    return name
