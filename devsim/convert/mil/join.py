"""Joins packages that run one after another into one, at the level of MIL."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from devsim.convert.mil.blobs import Blob, WeightFile
from devsim.convert.mil.graph import MAIN, Graph, read_graph
from devsim.convert.mil.places import check_interface
from devsim.convert.mil.rename import Names
from devsim.convert.mil.types import shape
from devsim.convert.mil.writer import references, write_package
from devsim.core.errors import BadFileError, BadInputError
from devsim.core.manifest import Block, Port
from devsim.core.printable import quoted
from devsim.mlpackage.package import open_package
from devsim.mlpackage.proto import Message, specification

_RECONVERT = "convert the folder again"


class Part(NamedTuple):
    """A package to join, and the block that it is of."""

    package: Path
    block: Block


class Interface(NamedTuple):
    """What a joined package takes and gives."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


class _Value(NamedTuple):
    """A tensor of the stage as it is now: what the joined package calls it."""

    name: str
    type: Message
    feature: Message
    port: Port


def join_packages(parts: Sequence[Part], wanted: frozenset[str], package: Path) -> Interface:
    """Join packages; the outputs of each are wired to the inputs of the ones after it.

    What a package calls a value it is called in the joined one, unless another has taken the name:
    then the block's name comes before it. Weights that are equal are kept once.

    Args:
        parts: in compute order.
        wanted: the stage tensors that the joined package gives, of those it writes.
        package: the folder to make.

    Raises:
        BadFileError: a package is damaged, or is not what its block says.
        BadInputError: the packages do not fit together.
    """
    joint = _Joint(parts, wanted)
    for part in parts:
        joint.add(part)
    return joint.write(package)


class _Joint:
    """The joined model as it grows.

    A stage tensor has at each moment one value: the last that a part has written to it, or the
    joined package's input.
    """

    def __init__(self, parts: Sequence[Part], wanted: frozenset[str]) -> None:
        self._model = specification().Model_pb2.Model()
        self._blobs: dict[tuple[str, int], Blob] = {}
        self._values: dict[str, _Value] = {}
        self._inputs: list[Port] = []
        self._wanted = wanted
        self._names = Names(_interface_names(parts, wanted))
        self._parts = 0

    def add(self, part: Part) -> None:
        """Append a part's operations."""
        graph = read_graph(open_package(part.package))
        check_interface(graph)
        self._start_like(graph)
        names = self._wired(graph, part)
        names |= self._names.fresh(graph.nodes, part.block.name)
        block = self._block()
        prefix = f"{self._parts}/"
        for node in graph.nodes:
            message = block.operations.add()
            message.CopyFrom(node.message)
            self._names.rename(message, names, part.block.name)
            for reference in references(message):
                reference.fileName = prefix + reference.fileName
        self._blobs |= {(prefix + file, at): blob for (file, at), blob in graph.blobs.items()}
        self._parts += 1
        for port in part.block.outputs:
            feature = _feature(graph.outputs, port, part)
            self._values[port.tensor] = _Value(
                names[port.name], graph.types[port.name], feature, port
            )

    def write(self, package: Path) -> Interface:
        """Write the package."""
        block = self._block()
        outputs = []
        taken = {port.name for port in self._inputs}
        given = [v for t, v in self._values.items() if t in self._wanted and v.name not in taken]
        for value in given:
            outputs.append(value.port.model_copy(update={"name": value.name}))
            if value.name not in block.outputs:
                block.outputs.append(value.name)
                self._model.description.output.add().CopyFrom(value.feature)
                self._model.description.output[-1].name = value.name
        write_package(self._model, self._blobs, package, WeightFile.share)
        return Interface(tuple(self._inputs), tuple(outputs))

    def _start_like(self, graph: Graph) -> None:
        """Take the first part's version and metadata; refuse a part of another."""
        source, model = graph.package.model, self._model
        if not self._parts:
            model.specificationVersion = source.specificationVersion
            model.description.metadata.CopyFrom(source.description.metadata)
            model.mlProgram.version = source.mlProgram.version
            for key, value in source.mlProgram.attributes.items():
                model.mlProgram.attributes[key].CopyFrom(value)
            function = model.mlProgram.functions[MAIN]
            function.opset = graph.function.opset
            function.block_specializations[function.opset].SetInParent()
        opset = model.mlProgram.functions[MAIN].opset
        if opset != graph.function.opset:
            raise BadInputError(
                f"{graph.package.root}: is of opset {quoted(graph.function.opset)}, "
                f"the blocks before it of {quoted(opset)}",
                "convert all blocks for one deployment target",
            )
        version = max(model.specificationVersion, source.specificationVersion)
        model.specificationVersion = version

    def _wired(self, graph: Graph, part: Part) -> dict[str, str]:
        """What a part's inputs are called: values there are, or new inputs."""
        wired = {}
        for port in part.block.inputs:
            feature = _feature(graph.inputs, port, part)
            kind = graph.types[port.name]
            if port.tensor not in self._values:
                name = self._names.take(port.name, part.block.name)
                self._values[port.tensor] = _Value(name, kind, feature, port)
                self._inputs.append(port.model_copy(update={"name": name}))
                self._model.mlProgram.functions[MAIN].inputs.add(name=name, type=kind)
                self._model.description.input.add().CopyFrom(feature)
                self._model.description.input[-1].name = name
            value = self._values[port.tensor]
            if _facts(value.type) != _facts(kind):
                raise BadInputError(
                    f"{part.package}: takes {quoted(port.tensor)} of another type or shape than "
                    "the blocks before it give",
                    _RECONVERT,
                )
            wired[port.name] = value.name
        for name in graph.inputs.keys() - wired.keys():
            raise BadFileError(
                part.package, f"has input '{quoted(name)}', which its block lacks", _RECONVERT
            )
        return wired

    def _block(self) -> Message:
        function = self._model.mlProgram.functions[MAIN]
        return function.block_specializations[function.opset]


def _interface_names(parts: Sequence[Part], wanted: frozenset[str]) -> dict[str, str]:
    """Names that the joined package's interface keeps free, and the block that may take each."""
    given: set[str] = set()
    kept: dict[str, str] = {}
    last: dict[str, tuple[str, str]] = {}
    for part in parts:
        for port in part.block.inputs:
            if port.tensor not in given:
                kept.setdefault(port.name, part.block.name)
        given |= {port.tensor for port in (*part.block.inputs, *part.block.outputs)}
        last |= {port.tensor: (port.name, part.block.name) for port in part.block.outputs}
    for tensor in sorted(wanted & last.keys()):
        kept.setdefault(*last[tensor])
    return kept


def _feature(features: Mapping[str, Message], port: Port, part: Part) -> Message:
    if port.name not in features:
        raise BadFileError(
            part.package, f"lacks '{quoted(port.name)}', which its block has", _RECONVERT
        )
    return features[port.name]


def _facts(kind: Message) -> tuple[int, tuple[int, ...] | None]:
    return kind.tensorType.dataType, shape(kind)
