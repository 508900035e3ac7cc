"""What the operations of a graph weigh, and what a split of it came to."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple, Self

from devsim.convert.mil.blobs import Blob
from devsim.convert.mil.cut import Segment
from devsim.convert.mil.graph import Graph
from devsim.convert.mil.places import Place, computing
from devsim.convert.mil.report import Boundary, Cut, Shared, Split, SplitBlock
from devsim.convert.mil.types import carried, tensor


class Tally(NamedTuple):
    """Figures of the computing operations, in order.

    Attributes:
        blobs: the weights that each needs, through whatever constant operations.
        flops: of each.
    """

    blobs: tuple[frozenset[Blob], ...]
    flops: tuple[int, ...]

    @classmethod
    def of(cls, graph: Graph) -> Self:
        """Count a graph."""
        through: dict[str, frozenset[Blob]] = {}
        blobs = []
        for node in graph.nodes:
            inner = [through[name] for name in node.reads if name in through]
            needed = frozenset(node.blobs).union(*inner)
            if node.constant:
                through |= dict.fromkeys(node.writes, needed)
            else:
                blobs.append(needed)
        return cls(tuple(blobs), tuple(node.flops for node in computing(graph)))


def describe(
    graph: Graph,
    tally: Tally,
    legal: int,
    chosen: Sequence[Place],
    parts: Sequence[Segment],
    names: Sequence[str],
) -> Split:
    """Put a split's report together.

    Args:
        graph: what was cut.
        tally: its figures.
        legal: how many legal places it has.
        chosen: the places that it was cut at.
        parts: what it was cut into.
        names: of the parts.
    """
    held = [{blob for node in part.nodes for blob in node.blobs} for part in parts]
    whole = sum(blob.size_bytes for blob in set().union(*held))
    return Split(
        model=str(graph.package.root),
        operations=len(tally.flops),
        legal_places=legal,
        weight_bytes=whole,
        duplicated_bytes=sum(blob.size_bytes for blobs in held for blob in blobs) - whole,
        flops=sum(tally.flops),
        open_loops=sum(node.open_loops for node in computing(graph)),
        blocks=tuple(
            SplitBlock(
                name=name,
                operations=sum(not node.constant for node in part.nodes),
                weight_bytes=sum(blob.size_bytes for blob in blobs),
                flops=sum(node.flops for node in part.nodes),
            )
            for name, part, blobs in zip(names, parts, held, strict=True)
        ),
        cuts=tuple(_cuts(graph, tally, chosen)),
        shared=tuple(_shared(parts, held, names)),
    )


def _cuts(graph: Graph, tally: Tally, chosen: Sequence[Place]) -> Iterator[Cut]:
    nodes = computing(graph)
    before = list(_growing(tally.blobs))
    after = list(_growing(tally.blobs[::-1]))
    flops = list(accumulate(tally.flops, initial=0))
    for place in chosen:
        last = nodes[place.after - 1]
        yield Cut(
            after=last.writes[0],
            operation=last.message.type,
            boundary=tuple(boundary(graph, name) for name in place.crossing),
            boundary_bytes=place.crossing_bytes,
            weight_bytes=(before[place.after], after[len(nodes) - place.after]),
            flops=(flops[place.after], flops[-1] - flops[place.after]),
        )


def _growing(needed: Iterable[frozenset[Blob]]) -> Iterator[int]:
    """Bytes of what the first operations need together: of none, of one, of two, ..."""
    seen: set[Blob] = set()
    total = 0
    yield total
    for blobs in needed:
        total += sum(blob.size_bytes for blob in blobs - seen)
        seen |= blobs
        yield total


def boundary(graph: Graph, name: str) -> Boundary:
    """A value that crosses a cut."""
    inside = tensor(graph.types[name])
    outside = None if inside is None else carried(inside, graph.version)
    if inside is None or outside is None:
        raise AssertionError("a value that crosses a legal place can travel")
    return Boundary(
        name=name,
        shape=inside.shape,
        element=inside.element.name,
        carried=outside.element.name,
        bytes=outside.bytes,
    )


def _shared(
    parts: Sequence[Segment], held: Sequence[set[Blob]], names: Sequence[str]
) -> list[Shared]:
    owners = {blob: node.writes[0] for part in parts for node in part.nodes for blob in node.blobs}
    found = []
    for blob, owner in owners.items():
        blocks = tuple(name for name, blobs in zip(names, held, strict=True) if blob in blobs)
        if len(blocks) > 1:
            found.append(Shared(name=owner, bytes=blob.size_bytes, blocks=blocks))
    return sorted(found, key=lambda shared: -shared.bytes)
