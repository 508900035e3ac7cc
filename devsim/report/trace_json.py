"""A trace, told in the units people script with."""

from devsim.analysis.story import tell
from devsim.core.stalls import Stall
from devsim.core.trace import Kind, Trace
from devsim.core.units import seconds


def trace_as_json(trace: Trace) -> dict[str, object]:
    """Lanes, stalls by cause, and the worst stalls."""
    story = tell(trace, columns=1)
    return {
        "origin": trace.origin,
        "policy": trace.policy,
        "makespan_s": seconds(trace.makespan_ns),
        "peak_bytes": trace.peak_bytes,
        "budget_bytes": trace.budget_bytes,
        "load_busy_s": seconds(trace.busy_ns(Kind.LOAD)),
        "compute_busy_s": seconds(trace.busy_ns(Kind.COMPUTE)),
        "stalls": {cause: seconds(ns) for cause, ns in story.stalls_ns.items()},
        "worst_stalls": [_stall(stall) for stall in story.worst],
    }


def _stall(stall: Stall) -> dict[str, object]:
    return {
        "cause": stall.cause.value,
        "start_s": seconds(stall.start_ns),
        "seconds": seconds(stall.duration_ns),
        "before": f"{stall.before.stage}/{stall.before.iteration}/{stall.before.name}",
        "waited_for_load": stall.load.name if stall.load else None,
    }
