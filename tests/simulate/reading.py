"""What a trace's spans alone say: an account of a run that asks no code under test."""

from collections import defaultdict
from itertools import accumulate
from typing import NamedTuple

from devsim.core.pipeline import ChunkCost, Pipeline
from devsim.core.trace import Kind, Span, Trace


class Hold(NamedTuple):
    """A chunk in memory: from the start of its load to the end of its unload."""

    load: Span
    unload: Span


def spans_of(trace: Trace, kind: Kind) -> list[Span]:
    """Spans of a kind by the compute they are for."""
    return sorted((s for s in trace.spans if s.kind is kind), key=lambda s: s.position)


def holds(trace: Trace) -> dict[tuple[str, int], list[Hold]]:
    """Each chunk's stays in memory, in order; fails when loads and unloads do not pair up."""
    loads, unloads = defaultdict(list), defaultdict(list)
    for span in spans_of(trace, Kind.LOAD):
        loads[span.stage, span.chunk].append(span)
    for span in spans_of(trace, Kind.UNLOAD):
        unloads[span.stage, span.chunk].append(span)
    assert loads.keys() == unloads.keys()
    return {
        chunk: [Hold(*pair) for pair in zip(loads[chunk], unloads[chunk], strict=True)]
        for chunk in loads
    }


def cost_of(pipeline: Pipeline, span: Span) -> ChunkCost:
    stages = {stage.name: stage for stage in pipeline.stages}
    return stages[span.stage].chunks[span.chunk].cost


def alone_ns(pipeline: Pipeline, span: Span) -> int:
    """How long an activity takes when nothing disturbs it."""
    cost = cost_of(pipeline, span)
    if span.kind is Kind.LOAD:
        return cost.cold_load_ns if span.cold else cost.cached_load_ns
    return cost.compute_ns if span.kind is Kind.COMPUTE else cost.unload_ns


def footprint(pipeline: Pipeline, trace: Trace) -> dict[int, int]:
    """Bytes held from each instant at which anything starts or ends.

    What ends at an instant is gone from then on, and what starts is held from then on.
    """
    base = pipeline.baseline_bytes + max(stage.boundary_bytes for stage in pipeline.stages)
    change = defaultdict(int, {0: base})
    for stays in holds(trace).values():
        for load, unload in stays:
            cost = cost_of(pipeline, load)
            change[load.start_ns] += cost.resident_bytes + cost.transient_bytes
            change[load.end_ns] -= cost.transient_bytes
            change[unload.start_ns] += 0
            change[unload.end_ns] -= cost.resident_bytes
    for span in spans_of(trace, Kind.COMPUTE):
        change[span.start_ns] += cost_of(pipeline, span).activation_bytes
        change[span.end_ns] -= cost_of(pipeline, span).activation_bytes
    times = sorted(change)
    return dict(zip(times, accumulate(change[time] for time in times), strict=True))


def together_ns(span: Span, others: list[Span], until_ns: int) -> int:
    """How long a span ran beside any of the others, up to an instant."""
    return sum(
        max(0, min(until_ns, other.end_ns) - max(span.start_ns, other.start_ns)) for other in others
    )
