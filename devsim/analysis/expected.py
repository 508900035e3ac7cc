"""The footprint that a simulated run leads one to expect, which may be less than its ledger's."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import NamedTuple

from devsim.core.pipeline import ChunkCost, Pipeline
from devsim.core.trace import Kind, Trace
from devsim.policy.order import positions
from devsim.policy.protocol import Position


def expected_peak_bytes(pipeline: Pipeline, simulated: Trace, sample_every_ns: int) -> int:
    """The largest sample of the footprint that is to be expected.

    The ledger counts a chunk in full from the start of its load to the end of its unload, since
    what is admitted has to fit. The process comes to hold it while the load goes on, and gives it
    back while the unload does; both are taken to go evenly. When a compute's activations are at
    their most is not known: they are taken to rise evenly until its middle. Transients count in
    full, and so do boundary tensors.

    A peak that is shorter than the time from one sample to the next may fall between the two. So
    this is the largest mean over such a time, of those in the run that begin or end at a change.

    Args:
        pipeline: what was simulated.
        simulated: its trace.
        sample_every_ns: from one sample to the next; at least 1.

    Returns:
        Bytes; never more than the trace's own peak.
    """
    curve = _Curve.of(pipeline, simulated)
    starts = {start for at in curve.times_ns for start in (at, at - sample_every_ns)}
    areas = (
        curve.area(start + sample_every_ns) - curve.area(start)
        for start in starts
        if start >= curve.times_ns[0]
    )
    return round(max(areas) / sample_every_ns)


class _Curve(NamedTuple):
    """The footprint over time: from each change to the next on a straight line."""

    times_ns: list[int]
    levels: list[float]
    """Right after each change."""
    slopes: list[float]
    """Bytes a nanosecond, after each change."""
    areas: list[float]
    """Below the curve, from the first change to each, in bytes times nanoseconds."""

    @classmethod
    def of(cls, pipeline: Pipeline, simulated: Trace) -> "_Curve":
        jumps: defaultdict[int, int] = defaultdict(int)
        bends: defaultdict[int, float] = defaultdict(float)
        for start_ns, end_ns, passing_bytes, filled_bytes in _changes(pipeline, simulated):
            jumps[start_ns] += passing_bytes
            jumps[end_ns] -= passing_bytes
            if start_ns == end_ns:
                jumps[end_ns] += filled_bytes
            else:
                bends[start_ns] += filled_bytes / (end_ns - start_ns)
                bends[end_ns] -= filled_bytes / (end_ns - start_ns)
        times = sorted(jumps)
        slopes = list(accumulate(bends[at] for at in times))
        start_bytes = pipeline.base_bytes + pipeline.stages[0].chunks[0].cost.carried_bytes
        levels, areas = [float(start_bytes + jumps[times[0]])], [0.0]
        for number, (since, until) in enumerate(pairwise(times)):
            risen = slopes[number] * (until - since)
            areas.append(areas[-1] + (levels[-1] + risen / 2) * (until - since))
            levels.append(levels[-1] + risen + jumps[until])
        return cls(times, levels, slopes, areas)

    def area(self, at_ns: int) -> float:
        """Below the curve from the first change to a later time."""
        number = bisect_right(self.times_ns, at_ns) - 1
        passed = at_ns - self.times_ns[number]
        return (
            self.areas[number] + (self.levels[number] + self.slopes[number] * passed / 2) * passed
        )


class _Change(NamedTuple):
    """What an activity does to the footprint."""

    start_ns: int
    end_ns: int
    passing_bytes: int
    """Held while it runs."""
    filled_bytes: int
    """Held when it has ended and not before; negative for what is given back."""


def _changes(pipeline: Pipeline, simulated: Trace) -> Iterator[_Change]:
    order = positions(pipeline)
    carried = [_cost_at(pipeline, at).carried_bytes for at in order] + [0]
    for span in simulated.spans:
        at = order[span.position]
        cost = _cost_at(pipeline, at)
        if span.kind is Kind.COMPUTE:
            middle_ns = (span.start_ns + span.end_ns) // 2
            yield _Change(span.start_ns, middle_ns, 0, cost.activation_bytes)
            left_bytes = carried[span.position + 1] - cost.working_bytes
            yield _Change(span.end_ns, span.end_ns, 0, left_bytes)
        elif span.kind is Kind.LOAD:
            yield _Change(span.start_ns, span.end_ns, cost.transient_bytes, cost.resident_bytes)
        else:
            yield _Change(span.start_ns, span.end_ns, 0, -cost.resident_bytes)


def _cost_at(pipeline: Pipeline, at: Position) -> ChunkCost:
    return pipeline.stages[at.stage].chunks[at.chunk].cost
