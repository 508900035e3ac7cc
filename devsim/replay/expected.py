"""The footprint that a simulated run leads one to expect, which may be less than its ledger's."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from devsim.core.pipeline import Pipeline
from devsim.core.trace import Kind, Trace
from devsim.policy.order import positions


def expected_peak_bytes(pipeline: Pipeline, simulated: Trace) -> int:
    """The largest footprint that a sampler should see.

    The ledger counts a chunk in full from the start of its load to the end of its unload, since
    what is admitted has to fit. The process comes to hold it while the load goes on, and gives it
    back while the unload does; both are taken to go evenly. Transients and activations count in
    full.

    Args:
        pipeline: what was simulated.
        simulated: its trace.

    Returns:
        Bytes; never more than the trace's own peak.
    """
    jumps: defaultdict[int, int] = defaultdict(int)
    slopes: defaultdict[int, float] = defaultdict(float)
    for start_ns, end_ns, passing_bytes, filled_bytes in _changes(pipeline, simulated):
        jumps[start_ns] += passing_bytes
        jumps[end_ns] -= passing_bytes
        if start_ns == end_ns:
            jumps[end_ns] += filled_bytes
        else:
            slopes[start_ns] += filled_bytes / (end_ns - start_ns)
            slopes[end_ns] -= filled_bytes / (end_ns - start_ns)
    held = peak = float(pipeline.base_bytes)
    slope, since_ns = 0.0, 0
    for time_ns in sorted(jumps):
        held += slope * (time_ns - since_ns)
        peak = max(peak, held)
        held += jumps[time_ns]
        peak = max(peak, held)
        slope += slopes[time_ns]
        since_ns = time_ns
    return round(peak)


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
    for span in simulated.spans:
        at = order[span.position]
        cost = pipeline.stages[at.stage].chunks[at.chunk].cost
        if span.kind is Kind.COMPUTE:
            yield _Change(span.start_ns, span.end_ns, cost.activation_bytes, 0)
        elif span.kind is Kind.LOAD:
            yield _Change(span.start_ns, span.end_ns, cost.transient_bytes, cost.resident_bytes)
        else:
            yield _Change(span.start_ns, span.end_ns, 0, -cost.resident_bytes)
