"""Within which range a program's inputs have to be, where it looks something up by them."""

from collections.abc import Mapping
from pathlib import Path

from devsim.convert.mil.graph import Graph, Node, read_graph
from devsim.convert.mil.types import shape
from devsim.mlpackage.package import open_package
from devsim.mlpackage.proto import Message

Limits = dict[str, int]
"""By the name of a value, one more than the largest index that it may have."""

_TABLES = {
    "gather": "x",
    "gather_along_axis": "x",
    "gather_nd": "x",
    "scatter": "data",
    "scatter_along_axis": "data",
    "scatter_nd": "data",
}
"""Operations that look up ``indices`` in their table: along an axis, or (``_nd``) in several."""

_HANDED_ON = {
    "cast": ("x",),
    "concat": ("values",),
    "expand_dims": ("x",),
    "gather": ("x",),
    "identity": ("x",),
    "reshape": ("x",),
    "reverse": ("x",),
    "select": ("a", "b"),
    "slice_by_index": ("x",),
    "slice_by_size": ("x",),
    "split": ("x",),
    "squeeze": ("x",),
    "stack": ("values",),
    "tile": ("x",),
    "transpose": ("x",),
}
"""Operations whose results are some of the values that they are given, and those."""


def index_limits(package: Path, outputs: Mapping[str, int]) -> Limits:
    """The limits of a package's inputs, by their names.

    Values are followed through operations that hand them on as they are; nested blocks are not
    looked into.

    Args:
        package: an ML program of one function.
        outputs: limits of its outputs, by their names.

    Raises:
        BadFileError: the package is damaged.
        BadInputError: it has several functions.
    """
    return limits_of(read_graph(open_package(package)), outputs)


def limits_of(graph: Graph, outputs: Mapping[str, int]) -> Limits:
    """The limits of a function's inputs; see ``index_limits``."""
    limits = dict(outputs)

    def restrict(names: list[str], limit: int) -> None:
        for name in names:
            limits[name] = min(limit, limits.get(name, limit))

    numbers = _numbers(graph)
    for node in reversed(graph.nodes):
        kind = node.message.type
        found = [limits[name] for name in node.writes if name in limits]
        for argument in _HANDED_ON.get(kind, ()) if found else ():
            restrict(_named(node, argument), min(found))
        if kind in _TABLES:
            size = _table_size(graph, node, numbers)
            if size:
                restrict(_named(node, "indices"), size)
    return {name: limit for name, limit in limits.items() if name in graph.inputs}


def _table_size(graph: Graph, node: Node, numbers: Mapping[str, int]) -> int:
    """How many rows are looked up among; 0 where that is open."""
    sizes = _shape(graph, node, _TABLES[node.message.type])
    if sizes is None:
        return 0
    if node.message.type.endswith("_nd"):
        places = _shape(graph, node, "indices") or ()
        first = _number(node, "batch_dims", numbers)
        return min(sizes[first : first + places[-1]], default=0) if places else 0
    axis = _number(node, "axis", numbers)
    return sizes[axis] if -len(sizes) <= axis < len(sizes) else 0


def _shape(graph: Graph, node: Node, argument: str) -> tuple[int, ...] | None:
    for binding in node.message.inputs[argument].arguments:
        if binding.WhichOneof("binding") == "name":
            return shape(graph.types[binding.name])
        return shape(binding.value.type)
    return None


def _named(node: Node, argument: str) -> list[str]:
    return [
        str(binding.name)
        for binding in node.message.inputs[argument].arguments
        if binding.WhichOneof("binding") == "name"
    ]


def _number(node: Node, argument: str, numbers: Mapping[str, int]) -> int:
    """A whole number that an operation is given; 0, as MIL has it, where it is not."""
    if argument not in node.message.inputs:
        return 0
    for binding in node.message.inputs[argument].arguments:
        if binding.WhichOneof("binding") == "name":
            return numbers.get(str(binding.name), 0)
        return _immediate(binding.value) or 0
    return 0


def _numbers(graph: Graph) -> dict[str, int]:
    """Constants that are one whole number."""
    found = {}
    for node in graph.nodes:
        if node.message.type == "const":
            value = _immediate(node.message.attributes["val"])
            if value is not None:
                found[node.writes[0]] = value
    return found


def _immediate(value: Message) -> int | None:
    ints = value.immediateValue.tensor.ints.values
    return int(ints[0]) if len(ints) == 1 else None
