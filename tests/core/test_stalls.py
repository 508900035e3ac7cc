"""Stalls of traces made by hand: every gap of the compute lane, cut and named."""

import pytest

from devsim.core.stalls import Cause, find_stalls, stalls_by_cause
from devsim.core.trace import Kind, Span, Trace


def span(kind, position, start, end, waited_for=""):
    return Span(kind, position, "stage", 0, position, f"b{position}", start, end, False, waited_for)


def load(*args, **more):
    return span(Kind.LOAD, *args, **more)


def compute(*args, **more):
    return span(Kind.COMPUTE, *args, **more)


def found(*spans) -> list[tuple[str, int, int]]:
    spans = tuple(sorted(spans, key=lambda span: span.start_ns))
    trace = Trace("measured", "made", "hand", 100, spans, ())
    stalls = find_stalls(trace)
    busy_ns = trace.busy_ns(Kind.COMPUTE)
    assert sum(stall.duration_ns for stall in stalls) + busy_ns == trace.makespan_ns
    assert sum(stalls_by_cause(trace).values()) + busy_ns == trace.makespan_ns
    return [(stall.cause.value, stall.start_ns, stall.end_ns) for stall in stalls]


FIRST = (load(0, 0, 10), compute(0, 10, 20))


def test_everything_before_the_first_compute_is_prologue():
    assert found(load(0, 2, 10), compute(0, 12, 20)) == [("prologue", 0, 12)]


def test_no_stall_without_a_gap():
    assert found(*FIRST, load(1, 10, 15), compute(1, 20, 30)) == [("prologue", 0, 10)]


def test_gap_while_the_next_chunk_loads():
    assert found(*FIRST, load(1, 10, 26), compute(1, 26, 30))[1:] == [("load", 20, 26)]


@pytest.mark.parametrize("reason", ["memory", "policy"])
def test_load_that_was_held_back_splits_the_gap(reason):
    late = load(1, 23, 26, waited_for=reason)
    assert found(*FIRST, late, compute(1, 26, 30))[1:] == [(reason, 20, 23), ("load", 23, 26)]


def test_load_that_started_late_for_no_reason_is_overhead():
    late = load(1, 23, 26)
    assert found(*FIRST, late, compute(1, 26, 30))[1:] == [("overhead", 20, 23), ("load", 23, 26)]


def test_hand_over_between_load_and_compute_is_overhead():
    assert found(*FIRST, load(1, 10, 24), compute(1, 26, 30))[1:] == [
        ("load", 20, 24),
        ("overhead", 24, 26),
    ]


def test_compute_that_waits_for_room_while_a_later_load_runs_is_memory():
    spans = (load(1, 10, 15), load(2, 15, 28), compute(1, 28, 30, waited_for="memory"))
    assert found(*FIRST, *spans, compute(2, 30, 31))[1:] == [("memory", 20, 28)]


def test_gap_before_a_kept_chunk_has_no_load_to_blame():
    assert found(*FIRST, compute(1, 22, 30))[1:] == [("overhead", 20, 22)]


def test_loads_before_the_one_needed_are_to_blame_too():
    # the gap starts while the load of another chunk on the way to the needed one still runs
    spans = (load(1, 10, 12), compute(1, 20, 21), load(2, 12, 24), load(3, 24, 29, "policy"))
    assert found(*FIRST, *spans, compute(2, 24, 25), compute(3, 29, 30))[1:] == [
        ("load", 21, 24),
        ("load", 25, 29),
    ]


def test_stall_names_the_compute_and_the_load_it_waited_for():
    late, second = load(1, 23, 26, waited_for="memory"), compute(1, 26, 30)
    trace = Trace("measured", "made", "hand", 100, (*FIRST, late, second), ())
    _, memory, loading = find_stalls(trace)
    assert (memory.before, memory.load) == (second, late)
    assert (loading.before, loading.load) == (second, late)


def test_causes_add_up_and_keep_their_order():
    late = load(1, 23, 26, waited_for="memory")
    spans = (*FIRST, late, compute(1, 27, 30), load(2, 31, 40, waited_for="memory"))
    trace = Trace("measured", "made", "hand", 100, (*spans, compute(2, 40, 41)), ())
    # prologue 10; memory 20-23 and 30-31; load 23-26 and 31-40; overhead 26-27
    totals = stalls_by_cause(trace)
    assert totals == {"prologue": 10, "load": 12, "memory": 4, "overhead": 1}
    assert list(totals) == [cause.value for cause in Cause if cause.value in totals]


def test_trace_without_computes_has_no_stalls():
    assert found(load(0, 0, 10)) == []
