"""Where a function may be cut: between two operations, when every value that crosses can travel."""

from collections.abc import Sequence
from dataclasses import dataclass

from devsim.convert.mil.graph import Graph, Node
from devsim.convert.mil.types import carried, shape, tensor
from devsim.core.errors import BadInputError
from devsim.core.printable import quoted


@dataclass(frozen=True, slots=True)
class Place:
    """A legal place.

    Attributes:
        after: how many computing operations are before it.
        crossing: the values made before it and used after it, in the order made.
        crossing_bytes: as they travel.
    """

    after: int
    crossing: tuple[str, ...]
    crossing_bytes: int


def computing(graph: Graph) -> tuple[Node, ...]:
    """The operations that are not constant, in order; only between them is a place."""
    return tuple(node for node in graph.nodes if not node.constant)


def check_interface(graph: Graph) -> None:
    """Refuse functions whose blocks would not be blocks of a workload.

    Raises:
        BadInputError: a state, an input of several shapes, or an output that is no tensor.
    """
    root = graph.package.root
    for name in graph.inputs.keys() & graph.outputs.keys():
        raise graph.package.broken(f"'{quoted(name)}' is both an input and an output")
    for named in graph.function.inputs:
        name, kind = quoted(named.name), named.type
        if kind.WhichOneof("type") == "stateType":
            raise BadInputError(
                f"{root}: has state '{name}', which is lost when a block is unloaded",
                "convert the model with the state as an input and an output of it",
            )
        feature = graph.inputs[named.name].type.multiArrayType
        if shape(kind) is None or feature.WhichOneof("ShapeFlexibility"):
            raise BadInputError(
                f"{root}: input '{name}' has no single shape", "convert the model for one shape"
            )
    for name in (*graph.inputs, *graph.outputs):
        known = tensor(graph.types[name])
        if known is None or carried(known, graph.version) != known:
            raise BadInputError(
                f"{root}: '{quoted(name)}' is not a float32, float16 or int32 tensor of one shape",
                "convert the model with such inputs and outputs",
            )


def legal_places(graph: Graph) -> tuple[Place, ...]:
    """Every place where the function may be cut, from the first to the last."""
    nodes = computing(graph)
    last_use = {name: number for number, node in enumerate(nodes) for name in node.reads}
    crossing: dict[str, int | None] = {}
    places = []
    for number, node in enumerate(nodes[:-1]):
        crossing |= {name: _carried_bytes(graph, name) for name in node.writes}
        for name in (*node.reads, *node.writes):
            if last_use.get(name, -1) <= number:
                crossing.pop(name, None)
        sizes = list(crossing.values())
        known = [size for size in sizes if size is not None]
        if len(known) == len(sizes):
            places.append(Place(number + 1, tuple(crossing), sum(known)))
    return tuple(places)


def named_places(graph: Graph, places: Sequence[Place], names: Sequence[str]) -> tuple[Place, ...]:
    """The places right after operations named by a value that they make.

    Raises:
        BadInputError: no operation makes the value, or there is no legal place after it.
    """
    after = {
        name: number
        for number, node in enumerate(computing(graph), start=1)
        for name in node.writes
    }
    by_number = {place.after: place for place in places}
    chosen = {}
    for name in names:
        if name not in after:
            raise BadInputError(
                f"{graph.package.root}: no computed value is called '{quoted(name)}'",
                "name one of the model's, as --at all --json lists them",
            )
        if after[name] not in by_number:
            raise BadInputError(
                f"{graph.package.root}: there is no legal place after '{quoted(name)}'",
                "name another, as --at all --json lists them",
            )
        chosen[after[name]] = by_number[after[name]]
    return tuple(chosen[number] for number in sorted(chosen))


def _carried_bytes(graph: Graph, name: str) -> int | None:
    value = tensor(graph.types[name])
    travelling = None if value is None else carried(value, graph.version)
    return None if travelling is None else travelling.bytes
