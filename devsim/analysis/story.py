"""A trace told in figures: busy lanes and footprint over time, and the stalls that matter."""

from dataclasses import dataclass
from itertools import pairwise

from devsim.core.stalls import Stall, find_stalls, stalls_by_cause
from devsim.core.trace import Footprint, Kind, Trace

WORST = 5


@dataclass(frozen=True)
class Story:
    """What happened in a run, over ``columns`` equal parts of its makespan."""

    trace: Trace
    load_busy: tuple[float, ...]
    """Fraction of each part in which the load lane was busy."""
    compute_busy: tuple[float, ...]
    footprint_bytes: tuple[int, ...]
    """The largest footprint in each part."""
    stalls_ns: dict[str, int]
    worst: tuple[Stall, ...]
    """The longest stalls, longest first."""


def tell(trace: Trace, columns: int) -> Story:
    """Reduce a trace to what fits ``columns`` characters."""
    stalls = sorted(find_stalls(trace), key=lambda stall: (-stall.duration_ns, stall.start_ns))
    return Story(
        trace=trace,
        load_busy=_busy(trace, Kind.LOAD, columns),
        compute_busy=_busy(trace, Kind.COMPUTE, columns),
        footprint_bytes=_footprint(trace, columns),
        stalls_ns=stalls_by_cause(trace),
        worst=tuple(stalls[:WORST]),
    )


def _busy(trace: Trace, lane: Kind, columns: int) -> tuple[float, ...]:
    width = max(trace.makespan_ns, 1) / columns
    busy = [0.0] * columns
    for span in trace.spans:
        if span.kind is not lane:
            continue
        first, last = int(span.start_ns / width), int(span.end_ns / width)
        for column in range(first, min(last + 1, columns)):
            begin, end = max(span.start_ns, column * width), min(span.end_ns, (column + 1) * width)
            busy[column] += max(0.0, end - begin) / width
    return tuple(min(1.0, part) for part in busy)


def _footprint(trace: Trace, columns: int) -> tuple[int, ...]:
    """Each sample holds until the next one."""
    makespan_ns = max(trace.makespan_ns, 1)
    largest = [0] * columns
    for sample, following in pairwise((*trace.footprint, Footprint(makespan_ns, 0))):
        first = sample.time_ns * columns // makespan_ns
        stop = -(-following.time_ns * columns // makespan_ns)
        for column in range(first, min(stop, columns)):
            largest[column] = max(largest[column], sample.bytes)
    return tuple(largest)
