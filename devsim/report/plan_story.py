"""What there is to tell of a plan: its run in simulated time, and one iteration of it."""

from dataclasses import dataclass

from devsim.core.plan import Plan
from devsim.core.trace import Kind, Span, Trace
from devsim.policy.named import policy_of
from devsim.simulation.simulator import simulate


@dataclass(frozen=True)
class Excerpt:
    """One iteration in the middle of the longest stage; its spans may begin before it."""

    stage: str
    iteration: int
    start_ns: int
    end_ns: int
    spans: tuple[Span, ...]


def count_of(count: int, word: str) -> str:
    """``1 chunk``, ``2 chunks``."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def trace_of(plan: Plan) -> Trace:
    """The plan's run."""
    return simulate(plan.pipeline, policy_of(plan), plan.budget_bytes)


def excerpt_of(plan: Plan, trace: Trace) -> Excerpt:
    """The middle iteration of the stage that computes longest, from its first compute on."""
    longest = max(
        plan.pipeline.stages,
        key=lambda stage: stage.iterations * sum(c.cost.compute_ns for c in stage.chunks),
    )
    middle = longest.first_iteration + longest.iterations // 2
    computes = [span for span in trace.spans if span.kind is Kind.COMPUTE]
    own = [span for span in computes if (span.stage, span.iteration) == (longest.name, middle)]
    first, last = own[0], own[-1]
    following = [span.start_ns for span in computes if span.position == last.position + 1]
    start_ns, end_ns = first.start_ns, following[0] if following else last.end_ns
    return Excerpt(
        longest.name,
        middle,
        start_ns,
        max(end_ns, start_ns + 1),
        tuple(
            span
            for span in trace.spans
            if span.kind is not Kind.UNLOAD and span.start_ns < end_ns and span.end_ns > start_ns
        ),
    )


def curve_of(trace: Trace, start_ns: int, end_ns: int, columns: int) -> list[int]:
    """The most bytes held in each of ``columns`` equal spans of time."""
    most = [0] * columns
    width = max(end_ns - start_ns, 1)
    ends = [each.time_ns for each in trace.footprint[1:]] + [trace.makespan_ns]
    for sample, until_ns in zip(trace.footprint, ends, strict=True):
        if until_ns < start_ns or sample.time_ns >= end_ns:
            continue
        first = max(0, sample.time_ns - start_ns) * columns // width
        last = (min(until_ns, end_ns) - start_ns - 1) * columns // width
        for column in range(first, min(max(first, last), columns - 1) + 1):
            most[column] = max(most[column], sample.bytes)
    return most
