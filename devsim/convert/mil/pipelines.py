"""Takes a pipeline apart: its models are the blocks."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import NamedTuple

from devsim.convert.mil.blocks import Piece, block_names
from devsim.convert.mil.cut import segments
from devsim.convert.mil.graph import Graph, read_graph
from devsim.convert.mil.places import check_interface, computing
from devsim.convert.mil.report import Cut, Split
from devsim.convert.mil.tally import Tally, boundary, describe
from devsim.core.errors import BadInputError
from devsim.mlpackage.forms import members
from devsim.mlpackage.package import Package


class Apart(NamedTuple):
    """A pipeline's models as blocks, and what there is to say of them."""

    pieces: tuple[Piece, ...]
    report: Split


def take_apart(package: Package, function: str | None) -> Apart:
    """Make a block of each model.

    Args:
        package: the opened pipeline.
        function: a name is refused: a pipeline has no functions.

    Raises:
        BadFileError: a model is no ML program, or contradicts itself.
        BadInputError: a function is named, or a model would not be a block of a workload.
    """
    if function is not None:
        raise BadInputError(
            f"{package.root}: is a pipeline, which has no functions", "leave out --function"
        )
    graphs = [read_graph(replace(package, model=model)) for model in members(package.model)]
    for graph in graphs:
        check_interface(graph)
    names = block_names(len(graphs))
    pieces = tuple(
        Piece(name, graph, segments(graph, [])[0])
        for name, graph in zip(names, graphs, strict=True)
    )
    return Apart(pieces, _report(package, pieces))


def _report(package: Package, pieces: Sequence[Piece]) -> Split:
    alone = [
        describe(graph, Tally.of(graph), 0, [], [part], [name]) for name, graph, part in pieces
    ]
    return Split(
        model=str(package.root),
        operations=sum(each.operations for each in alone),
        legal_places=len(pieces) - 1,
        weight_bytes=sum(each.weight_bytes for each in alone),
        duplicated_bytes=0,
        flops=sum(each.flops for each in alone),
        open_loops=sum(each.open_loops for each in alone),
        blocks=tuple(each.blocks[0] for each in alone),
        cuts=tuple(_cuts([piece.graph for piece in pieces], alone)),
        shared=(),
    )


def _cuts(graphs: Sequence[Graph], alone: Sequence[Split]) -> Iterator[Cut]:
    weights = list(accumulate(each.weight_bytes for each in alone))
    flops = list(accumulate(each.flops for each in alone))
    for number, graph in enumerate(graphs[:-1]):
        taken = {name for later in graphs[number + 1 :] for name in later.inputs}
        made = {name: each for each in graphs[: number + 1] for name in each.outputs}
        crossing = tuple(boundary(each, name) for name, each in made.items() if name in taken)
        last = computing(graph)[-1]
        yield Cut(
            after=last.writes[0],
            operation=last.message.type,
            boundary=crossing,
            boundary_bytes=sum(each.bytes for each in crossing),
            weight_bytes=(weights[number], weights[-1] - weights[number]),
            flops=(flops[number], flops[-1] - flops[number]),
        )
