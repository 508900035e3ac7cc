"""A trace in a few numbers."""

from typing import NamedTuple

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


class StageTotals(NamedTuple):
    """Where the time of a stage went; its compute and stall add up to ``duration_ns``."""

    duration_ns: int
    """From the last compute of the stage before to its own last."""
    iterations: int
    load_ns: int
    """The load lane busy for it, beside whatever was computed."""
    compute_ns: int
    stall_ns: int
    """The compute lane idle before one of its computes."""


def by_stage(trace: Trace) -> dict[str, StageTotals]:
    """The totals of every stage in order; its phases are counted together."""
    totals: dict[str, StageTotals] = {}
    ended_ns: dict[str, int] = {}
    for span in trace.spans:
        if span.kind is Kind.COMPUTE:
            ended_ns[span.stage] = max(ended_ns.get(span.stage, 0), span.end_ns)
    before_ns = 0
    for name, end_ns in ended_ns.items():
        spans = [span for span in trace.spans if span.stage == name]
        computes = [span for span in spans if span.kind is Kind.COMPUTE]
        compute_ns = sum(span.duration_ns for span in computes)
        totals[name] = StageTotals(
            duration_ns=end_ns - before_ns,
            iterations=len({span.iteration for span in computes}),
            load_ns=sum(span.duration_ns for span in spans if span.kind is Kind.LOAD),
            compute_ns=compute_ns,
            stall_ns=end_ns - before_ns - compute_ns,
        )
        before_ns = end_ns
    return totals
