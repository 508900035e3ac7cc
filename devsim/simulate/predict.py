"""A trace in a few numbers."""

from devsim.core.plan import Prediction
from devsim.core.stalls import stalls_by_cause
from devsim.core.trace import Kind, Trace


def summarise(trace: Trace) -> Prediction:
    """Makespan, peak footprint, each lane's busy time and the stalls by cause."""
    return Prediction(
        makespan_ns=trace.makespan_ns,
        peak_bytes=trace.peak_bytes,
        load_busy_ns=trace.busy_ns(Kind.LOAD),
        compute_busy_ns=trace.busy_ns(Kind.COMPUTE),
        stalls_ns=stalls_by_cause(trace),
    )
