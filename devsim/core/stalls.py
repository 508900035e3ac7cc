"""Stalls: when the compute lane was idle while work remained, and why."""

from collections import Counter
from enum import StrEnum
from typing import NamedTuple

from devsim.core.trace import Kind, Span, Trace


class Cause(StrEnum):
    """Why the compute lane was idle."""

    PROLOGUE = "prologue"
    """Nothing had been computed yet: the first load."""
    LOAD = "load"
    """The loader was at work on what the compute needed next, or on what came before it."""
    MEMORY = "memory"
    """The budget had no room for the next load, or for the compute's activations."""
    POLICY = "policy"
    """The policy held the next load back, or still had that chunk in use, with the loader free."""
    OVERHEAD = "overhead"
    """Everything was ready: the time a run needs to hand over from one activity to the next."""


class Stall(NamedTuple):
    """A span of idle compute lane with one cause, before the compute that ended it."""

    cause: Cause
    start_ns: int
    end_ns: int
    before: Span
    load: Span | None
    """The load that the stall waited on or for, if any."""

    @property
    def duration_ns(self) -> int:
        """How long it lasted."""
        return self.end_ns - self.start_ns


def find_stalls(trace: Trace) -> list[Stall]:
    """Every stall in order; their durations and the computes' add up to the makespan."""
    computes = sorted((s for s in trace.spans if s.kind is Kind.COMPUTE), key=lambda s: s.start_ns)
    loads = sorted((s for s in trace.spans if s.kind is Kind.LOAD), key=lambda s: s.start_ns)
    stalls: list[Stall] = []
    idle_from, next_load = 0, 0
    for compute in computes:
        while next_load < len(loads) and loads[next_load].end_ns <= idle_from:
            next_load += 1
        if compute.start_ns > idle_from:
            stalls += _explain(idle_from, compute, loads, next_load, first=compute is computes[0])
        idle_from = max(idle_from, compute.end_ns)
    return stalls


def stalls_by_cause(trace: Trace) -> dict[str, int]:
    """Nanoseconds of stall for each cause that occurs."""
    total: Counter[str] = Counter()
    for stall in find_stalls(trace):
        total[stall.cause.value] += stall.duration_ns
    return {cause.value: total[cause.value] for cause in Cause if total[cause.value]}


def _explain(
    start_ns: int, compute: Span, loads: list[Span], next_load: int, *, first: bool
) -> list[Stall]:
    """Cut one gap at the loader's starts and ends, and name a cause for each part."""
    if first:
        load = loads[0] if loads else None
        return [Stall(Cause.PROLOGUE, start_ns, compute.start_ns, compute, load)]
    parts: list[Stall] = []
    now = start_ns
    for load in (loads[at] for at in range(next_load, len(loads))):
        if load.start_ns >= compute.start_ns or load.position > compute.position:
            break
        if load.start_ns > now:
            parts.append(Stall(_held_back(load), now, load.start_ns, compute, load))
        begin, end = max(now, load.start_ns), min(load.end_ns, compute.start_ns)
        if end > begin:
            parts.append(Stall(Cause.LOAD, begin, end, compute, load))
        now = max(now, end)
    if compute.start_ns > now:
        cause = Cause.MEMORY if compute.waited_for == Cause.MEMORY else Cause.OVERHEAD
        parts.append(Stall(cause, now, compute.start_ns, compute, None))
    return parts


def _held_back(load: Span) -> Cause:
    return Cause(load.waited_for) if load.waited_for in ("memory", "policy") else Cause.OVERHEAD
