"""Spans of a measured trace beside what their packages cost alone, by the profile."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from devsim.core.errors import BadInputError
from devsim.core.profile import BlockProfile, Profile, StageProfile
from devsim.core.trace import Kind, Span, Trace
from devsim.core.units import seconds


class SpanCost(NamedTuple):
    """One load or compute of a trace."""

    activity: str
    """What the profile calls it: ``cold_load``, ``cached_load`` or ``compute STAGE``."""
    name: str
    seconds: float
    beside_s: float
    """How much of that time the other lane was busy."""
    alone_s: float
    """What the profile says of it, all blocks with all their fixed costs."""
    joined: int
    """Blocks after the first: each saves the fixed cost once."""


def span_costs(profile: Profile, trace: Trace) -> list[SpanCost]:
    """Every load and compute of a trace that takes time.

    Raises:
        BadInputError: the trace is simulated, or runs chunks that the profile does not have.
    """
    if trace.origin != "measured":
        raise BadInputError(
            "the trace is simulated, so it only repeats the costs it was made with",
            "give one that devsim validate recorded",
        )
    loads = [span for span in trace.spans if span.kind is Kind.LOAD]
    computes = [span for span in trace.spans if span.kind is Kind.COMPUTE]
    return [
        cost
        for own, other in ((loads, computes), (computes, loads))
        for span, beside_ns in _beside(own, other)
        if (cost := _cost(profile, trace, span, beside_ns)).alone_s > 0 and span.duration_ns > 0
    ]


def _beside(spans: Sequence[Span], others: Sequence[Span]) -> Iterator[tuple[Span, int]]:
    """Each span with the nanoseconds of it in which any of the others ran."""
    busy = _union(others)
    first = 0
    for span in sorted(spans, key=lambda each: each.start_ns):
        while first < len(busy) and busy[first][1] <= span.start_ns:
            first += 1
        overlap = 0
        for start_ns, end_ns in busy[first:]:
            if start_ns >= span.end_ns:
                break
            overlap += min(end_ns, span.end_ns) - max(start_ns, span.start_ns)
        yield span, overlap


def _union(spans: Sequence[Span]) -> list[tuple[int, int]]:
    """When any of some spans ran, in order and without overlap."""
    merged: list[tuple[int, int]] = []
    for span in sorted(spans, key=lambda each: each.start_ns):
        if merged and span.start_ns <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], span.end_ns)
        else:
            merged.append((span.start_ns, span.end_ns))
    return merged


def _cost(profile: Profile, trace: Trace, span: Span, beside_ns: int) -> SpanCost:
    stage, blocks = _blocks(profile, trace, span)
    default = next(iter(stage.blocks[0].variants))
    variants = [block.variants[default] for block in blocks]
    if span.kind is Kind.COMPUTE:
        activity, samples = f"compute {stage.name}", [each.compute for each in variants]
    elif span.cold:
        activity, samples = "cold_load", [each.cold_load for each in variants]
    else:
        activity, samples = "cached_load", [each.cached_load for each in variants]
    return SpanCost(
        activity=activity,
        name=f"{stage.name} {span.name}",
        seconds=seconds(span.duration_ns),
        beside_s=seconds(beside_ns),
        alone_s=seconds(sum(each.median_ns for each in samples)),
        joined=len(blocks) - 1,
    )


def _blocks(
    profile: Profile, trace: Trace, span: Span
) -> tuple[StageProfile, tuple[BlockProfile, ...]]:
    for stage in profile.stages:
        names = [block.name for block in stage.blocks]
        first, _, last = span.name.partition("..")
        if stage.name == span.stage and first in names and (last or first) in names:
            return stage, stage.blocks[names.index(first) : names.index(last or first) + 1]
    raise BadInputError(
        f"the trace of {trace.workload} runs {span.stage} {span.name}, which the profile of "
        f"{profile.workload} does not have",
        "give the profile that the trace's plan was made from",
    )
