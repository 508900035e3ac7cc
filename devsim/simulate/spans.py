"""Spans of a simulated run, from what its driver wrote down."""

from devsim.core.pipeline import Pipeline
from devsim.core.trace import Span
from devsim.policy.schedule import KINDS, LOAD, WAITED_FOR
from devsim.policy.timetable import Costs
from devsim.simulate.drive import Record


def spans_of(pipeline: Pipeline, costs: Costs, records: list[Record]) -> tuple[Span, ...]:
    """Every activity in order of its start."""
    places = [
        (number, stage.name, stage.first_iteration + iteration, chunk, name)
        for stage, first in zip(pipeline.stages, costs.first, strict=False)
        for names in [[chunk.name for chunk in stage.chunks]]
        for iteration in range(stage.iterations)
        for number, (chunk, name) in enumerate(enumerate(names), first + iteration * len(names))
    ]
    cold = costs.cold
    return tuple(
        Span(
            KINDS[code & 3],
            *places[code >> 4],
            start_ns,
            end_ns,
            code & 3 == LOAD and cold[code >> 4],
            WAITED_FOR[code >> 2 & 3],
        )
        for code, start_ns, end_ns in sorted(records, key=lambda record: record[1])
    )
