"""What a trace's spans alone say: an account of a run that asks no code under test."""

from collections import defaultdict
from itertools import accumulate, pairwise
from typing import NamedTuple

from devsim.core.pipeline import ChunkCost, LaneSpeeds, Pipeline
from devsim.core.trace import Kind, Span, Trace


class Hold(NamedTuple):
    """A chunk in memory: from the start of its load to the end of its unload."""

    load: Span
    unload: Span


def spans_of(trace: Trace, kind: Kind) -> list[Span]:
    """Spans of a kind by the compute they are for."""
    return sorted((s for s in trace.spans if s.kind is kind), key=lambda s: s.position)


def phase_of(pipeline: Pipeline, span: Span) -> int:
    """Which of the pipeline's stages an activity is of: the one with its name and iteration."""
    (number,) = [
        number
        for number, stage in enumerate(pipeline.stages)
        if stage.name == span.stage
        and 0 <= span.iteration - stage.first_iteration < stage.iterations
    ]
    return number


def holds(pipeline: Pipeline, trace: Trace) -> dict[tuple[int, int], list[Hold]]:
    """Each chunk's stays in memory, in order; fails when loads and unloads do not pair up."""
    loads, unloads = defaultdict(list), defaultdict(list)
    for span in spans_of(trace, Kind.LOAD):
        loads[phase_of(pipeline, span), span.chunk].append(span)
    for span in spans_of(trace, Kind.UNLOAD):
        unloads[phase_of(pipeline, span), span.chunk].append(span)
    assert loads.keys() == unloads.keys()
    return {
        chunk: [Hold(*pair) for pair in zip(loads[chunk], unloads[chunk], strict=True)]
        for chunk in loads
    }


def cost_of(pipeline: Pipeline, span: Span) -> ChunkCost:
    return pipeline.stages[phase_of(pipeline, span)].chunks[span.chunk].cost


def alone_ns(pipeline: Pipeline, span: Span) -> int:
    """How long an activity takes when nothing disturbs it."""
    cost = cost_of(pipeline, span)
    if span.kind is Kind.LOAD:
        return cost.cold_load_ns if span.cold else cost.cached_load_ns
    return cost.compute_ns if span.kind is Kind.COMPUTE else cost.unload_ns


def footprint(pipeline: Pipeline, trace: Trace) -> dict[int, int]:
    """Bytes held from each instant at which anything starts or ends.

    What ends at an instant is gone from then on, and what starts is held from then on. What a
    compute is given of the ones before it is held from the end of the last one to its own.
    """
    base = pipeline.baseline_bytes + max(stage.boundary_bytes for stage in pipeline.stages)
    change = defaultdict(int, {0: base})
    for stays in holds(pipeline, trace).values():
        for load, unload in stays:
            cost = cost_of(pipeline, load)
            change[load.start_ns] += cost.resident_bytes + cost.transient_bytes
            change[load.end_ns] -= cost.transient_bytes
            change[unload.start_ns] += 0
            change[unload.end_ns] -= cost.resident_bytes
    carried_since = 0
    for span in spans_of(trace, Kind.COMPUTE):
        cost = cost_of(pipeline, span)
        change[span.start_ns] += cost.activation_bytes
        change[span.end_ns] -= cost.activation_bytes
        change[carried_since] += cost.carried_bytes
        change[span.end_ns] -= cost.carried_bytes
        carried_since = span.end_ns
    times = sorted(change)
    return dict(zip(times, accumulate(change[time] for time in times), strict=True))


def work_done(pipeline: Pipeline, trace: Trace, span: Span, until_ns: int) -> int:
    """What a load or compute has got done by an instant, in millionths of a nanosecond."""
    lanes = [
        s
        for s in trace.spans
        if s.kind is not Kind.UNLOAD and s is not span and s.start_ns < s.end_ns
    ]
    cuts = {t for s in lanes for t in (s.start_ns, s.end_ns) if span.start_ns < t < until_ns}
    done = 0
    for begin, end in pairwise([span.start_ns, *sorted(cuts), until_ns]):
        beside = [s for s in lanes if s.start_ns <= begin and end <= s.end_ns]
        done += (end - begin) * _speed_ppm(pipeline, span, beside)
    return done


def _speed_ppm(pipeline: Pipeline, span: Span, beside: list[Span]) -> int:
    loads = [s for s in beside if s.kind is Kind.LOAD]
    computes = [s for s in beside if s.kind is Kind.COMPUTE]

    def speeds(compute: Span) -> LaneSpeeds:
        unit = pipeline.stages[phase_of(pipeline, compute)].unit
        return pipeline.units.get(unit, pipeline.contended)

    if span.kind is Kind.COMPUTE:
        return speeds(span).compute_ppm if loads else 1_000_000
    alone = speeds(computes[0]).load_ppm if computes else 1_000_000
    if not loads:
        return alone
    shared = speeds(computes[0]) if computes else pipeline.contended
    return max(1, alone * shared.beside_load_ppm // 1_000_000)
