"""A function of an ML program as a list of operations: what each reads, makes and weighs."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from devsim.convert.mil.blobs import Blob, read_blob
from devsim.convert.mil.flops import Flops, operation_flops
from devsim.convert.mil.types import shape
from devsim.convert.mil.writer import references
from devsim.core.errors import BadInputError
from devsim.core.printable import quoted
from devsim.mlpackage.forms import check_program
from devsim.mlpackage.package import Package
from devsim.mlpackage.proto import Message

MAIN = "main"


@dataclass(frozen=True, slots=True)
class Node:
    """One operation of the function itself; what is nested in it belongs to it.

    Attributes:
        message: the ``Operation``.
        reads: names from outside that it or a nested operation uses.
        writes: names that it makes.
        blobs: the weights written in it.
        constant: its results are the same at every run, so any block may hold a copy of it.
        flops: of one compute.
        open_loops: loops in it of which ``flops`` counts one round.
    """

    message: Message
    reads: frozenset[str]
    writes: tuple[str, ...]
    blobs: tuple[Blob, ...]
    constant: bool
    flops: int
    open_loops: int


@dataclass(frozen=True, slots=True)
class Graph:
    """A function that can be cut.

    Attributes:
        package: what it was read from.
        function: the ``Function`` message.
        block: its ``Block`` message.
        nodes: the operations that an output needs, in order.
        types: ``ValueType`` of every name.
        inputs: ``FeatureDescription`` of every input but states, by name.
        outputs: likewise.
        blobs: every blob, by the file name and offset that the program calls it.
    """

    package: Package
    function: Message
    block: Message
    nodes: tuple[Node, ...]
    types: Mapping[str, Message]
    inputs: Mapping[str, Message]
    outputs: Mapping[str, Message]
    blobs: Mapping[tuple[str, int], Blob]

    @property
    def version(self) -> int:
        """The package's specification version."""
        return int(self.package.model.specificationVersion)

    def elements(self, name: str) -> int:
        """How many elements a value has; zero where its shape is open."""
        sizes = shape(self.types[name])
        return 0 if sizes is None else math.prod(sizes)


def read_graph(package: Package, function: str | None = None) -> Graph:
    """Read a function of a package.

    Args:
        package: the opened package.
        function: its name; None for the only one.

    Raises:
        BadInputError: the package has several functions and none is named, or none of the name.
        BadFileError: it is a pipeline, the program contradicts itself, or a weight is missing.
    """
    check_program(package.root, package.model)
    name = _chosen(package, function)
    chosen = package.model.mlProgram.functions[name]
    if chosen.opset not in chosen.block_specializations:
        raise package.broken(f"function '{quoted(name)}' has no block for '{quoted(chosen.opset)}'")
    block = chosen.block_specializations[chosen.opset]
    described = package.model.description
    for each in described.functions:
        if each.name == name:
            described = each
    blobs = _blobs(package, block)
    types = {named.name: named.type for named in chosen.inputs}
    nodes = tuple(_nodes(package, block, types, blobs))
    return Graph(
        package=package,
        function=chosen,
        block=block,
        nodes=tuple(_needed(nodes, block.outputs)),
        types=types,
        inputs=_features(package, described.input, _tensors(chosen.inputs)),
        outputs=_features(package, described.output, block.outputs),
        blobs=blobs,
    )


def _chosen(package: Package, name: str | None) -> str:
    functions = sorted(package.model.mlProgram.functions)
    if name is None and len(functions) == 1:
        return str(functions[0])
    if name is None or name not in functions:
        problem = f"has {len(functions)} functions" if name is None else f"has no function '{name}'"
        raise BadInputError(
            f"{package.root}: {problem}",
            f"name one with --function: {quoted(', '.join(functions)) or 'there is none'}",
        )
    return name


def _blobs(package: Package, block: Message) -> dict[tuple[str, int], Blob]:
    found: dict[tuple[str, int], Blob] = {}
    for operation in block.operations:
        owner = quoted(operation.outputs[0].name) if operation.outputs else "?"
        for reference in references(operation):
            key = str(reference.fileName), int(reference.offset)
            if key not in found:
                found[key] = read_blob(package.weight_path(key[0]), key[1], owner)
    return found


def _nodes(
    package: Package,
    block: Message,
    types: dict[str, Message],
    blobs: Mapping[tuple[str, int], Blob],
) -> Iterator[Node]:
    """The operations in order; adds the types of what they make."""
    fixed: set[str] = set()
    values: dict[str, Message] = {}
    for message in block.operations:
        reads = free_names(message)
        for name in sorted(reads - types.keys()):
            raise package.broken(f"an operation uses '{quoted(name)}', which nothing defines")
        writes = tuple(str(named.name) for named in message.outputs)
        for named in message.outputs:
            if named.name in types:
                raise package.broken(f"'{quoted(named.name)}' is defined twice")
            types[named.name] = named.type
        constant = _is_constant(message, reads <= fixed)
        if constant:
            fixed.update(writes)
        if message.type == "const" and writes:
            values[writes[0]] = message.attributes["val"]
        flops = Flops(0) if constant else operation_flops(message, types, values)
        yield Node(
            message,
            reads,
            writes,
            tuple({blobs[each.fileName, each.offset]: None for each in references(message)}),
            constant,
            flops.total,
            flops.open_loops,
        )
    for name in block.outputs:
        if name not in types:
            raise package.broken(f"output '{quoted(name)}' is defined by nothing")


def free_names(operation: Message) -> frozenset[str]:
    """Names that an operation, or one nested in it, takes from outside."""
    names = {
        str(binding.name)
        for argument in operation.inputs.values()
        for binding in argument.arguments
        if binding.WhichOneof("binding") == "name"
    }
    for block in operation.blocks:
        own = {str(named.name) for named in block.inputs}
        for inner in block.operations:
            names |= free_names(inner) - own
            own |= {str(named.name) for named in inner.outputs}
        names |= set(block.outputs) - own
    return frozenset(names)


def _is_constant(operation: Message, of_constants: bool) -> bool:
    """Constants, compressed constants, and what is computed of nothing else."""
    if operation.type == "const" or operation.type.startswith("constexpr_"):
        return True
    return of_constants and not operation.blocks and not operation.type.startswith("random_")


def _needed(nodes: Sequence[Node], outputs: Sequence[str]) -> list[Node]:
    """Without the operations whose results nobody uses."""
    wanted = set(outputs)
    kept = []
    for node in reversed(nodes):
        if wanted.intersection(node.writes):
            wanted |= node.reads
            kept.append(node)
    return kept[::-1]


def _tensors(inputs: Sequence[Message]) -> list[str]:
    """The inputs that are no states."""
    return [str(n.name) for n in inputs if n.type.WhichOneof("type") != "stateType"]


def _features(
    package: Package, described: Sequence[Message], names: Sequence[str]
) -> dict[str, Message]:
    features = {str(feature.name): feature for feature in described}
    for name in names:
        if name not in features:
            raise package.broken(f"'{quoted(name)}' is not in the model's description")
    return {name: features[name] for name in names}
