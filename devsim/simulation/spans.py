"""Spans of a simulated run, from what its driver wrote down."""

from functools import partial
from itertools import chain, repeat
from operator import and_, itemgetter

from devsim.core.pipeline import Pipeline
from devsim.core.trace import Span
from devsim.policy.schedule import KINDS, LOAD, WAITED_FOR
from devsim.simulation.pair import Record

_KIND_OF = [KINDS[min(code & 3, 2)] for code in range(16)]
_WAITED_FOR = [WAITED_FOR[min(code >> 2, 2)] for code in range(16)]
_start_of = itemgetter(2)


def spans_of(pipeline: Pipeline, cold: list[bool], records: list[Record]) -> tuple[Span, ...]:
    """Every activity in order of its start; ``cold`` says which loads are, by their computes.

    Made column by column: that takes a quarter of the time of one span after another.
    """
    stage_of: list[str] = []
    iteration_of: list[int] = []
    chunk_of: list[int] = []
    name_of: list[str] = []
    for stage in pipeline.stages:
        names = [chunk.name for chunk in stage.chunks]
        iterations = range(stage.first_iteration, stage.first_iteration + stage.iterations)
        stage_of += [stage.name] * (len(names) * stage.iterations)
        iteration_of += chain.from_iterable(repeat(number, len(names)) for number in iterations)
        chunk_of += list(range(len(names))) * stage.iterations
        name_of += names * stage.iterations
    ordered = sorted(records, key=_start_of)
    ends, codes, starts = zip(*ordered, strict=True)
    numbers = [code >> 4 for code in codes]
    marks = [code & 15 for code in codes]
    loads = [mark & 3 == LOAD for mark in marks]
    columns = zip(
        map(_KIND_OF.__getitem__, marks),
        numbers,
        map(stage_of.__getitem__, numbers),
        map(iteration_of.__getitem__, numbers),
        map(chunk_of.__getitem__, numbers),
        map(name_of.__getitem__, numbers),
        starts,
        ends,
        map(and_, loads, map(cold.__getitem__, numbers)),
        map(_WAITED_FOR.__getitem__, marks),
        strict=True,
    )
    return tuple(map(partial(tuple.__new__, Span), columns))
