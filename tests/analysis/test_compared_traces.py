"""Two traces, against figures worked out by hand, and what holds of any run."""

import dataclasses
from fractions import Fraction

import pytest
from compared import FIVE, by_name, seen
from hypothesis import given
from hypothesis import strategies as st
from strategies import runs

from devsim.analysis.comparison.change import Sampled, Unit, Verdict
from devsim.analysis.comparison.traces import compare_traces
from devsim.core.errors import BadInputError
from devsim.core.trace import Footprint, Kind, Span, Trace


def span(kind, position, start_ns, end_ns, *, name="a", iteration=0, cold=False):
    return Span(kind, position, "s", iteration, 0, name, start_ns, end_ns, cold)


def trace(*spans, peak=10, **changed):
    values = {"environment": {}, "workload": "w", "origin": "measured"} | changed
    return Trace(
        policy="p", budget_bytes=100, spans=spans, footprint=(Footprint(0, peak),), **values
    )


def three_iterations(cached, computes):
    """One chunk that is loaded, computed and left in turn; its cold load takes 20."""
    spans, now = [], 0
    for number, (load_ns, compute_ns) in enumerate(zip((20, *cached), computes, strict=True)):
        loaded = now + load_ns
        spans += [
            span(Kind.LOAD, number, now, loaded, iteration=number, cold=number == 0),
            span(Kind.COMPUTE, number, loaded, loaded + compute_ns, iteration=number),
        ]
        now = loaded + compute_ns
    return spans


def test_two_runs_by_hand():
    before = trace(*three_iterations((5, 5), (10, 11, 12)))  # 20+10, 5+11, 5+12 = 63
    after = trace(*three_iterations((5, 6), (13, 14, 15)), peak=12)  # 20+13, 5+14, 6+15 = 73
    found = compare_traces(before, after)
    assert {name: seen(each) for name, each in by_name(found.totals).items()} == {
        "makespan": (63, 73),
        "peak": (10, 12),
        "load busy": (30, 31),
        "compute busy": (33, 42),
        "stalls: prologue": (20, 20),
        "stalls: load": (10, 11),
        "s time": (63, 73),
    }
    parts = by_name(found.parts)
    assert list(parts) == ["s a cold load", "s a cached load", "s a compute"]
    assert parts["s a compute"].before == Sampled(Fraction(11), 10, 12, 3)
    assert parts["s a compute"].verdict(FIVE) is Verdict.WORSE  # 13 is above 12
    assert parts["s a cached load"].verdict(FIVE) is Verdict.NOISE  # 5 to 5.5, from 5
    assert [each.name for each in found.regressions(FIVE)] == ["makespan", "peak"]


def test_chunks_of_another_cut_stand_on_one_side():
    before = trace(span(Kind.COMPUTE, 0, 0, 5), span(Kind.COMPUTE, 1, 5, 9, name="b"))
    after = trace(span(Kind.COMPUTE, 0, 0, 9, name="a..b"))
    found = compare_traces(before, after)
    assert [(each.part, each.verdict(FIVE).value) for each in found.parts] == [
        ("a", "only before"),
        ("b", "only before"),
        ("a..b", "only after"),
    ]
    assert found.regressions(FIVE) == []


def test_traces_that_cannot_be_compared():
    whole = trace(*three_iterations((5, 5), (1, 1, 1)))
    with pytest.raises(BadInputError, match="AFTER is of a run that ended early"):
        compare_traces(whole, dataclasses.replace(whole, environment={"ended": "early"}))
    with pytest.raises(BadInputError, match="workload 'w', AFTER of 'x'"):
        compare_traces(whole, dataclasses.replace(whole, workload="x"))
    with pytest.raises(BadInputError, match="the stages s; AFTER none"):
        compare_traces(whole, dataclasses.replace(whole, spans=()))


def slower(run, times):
    spans = [
        each._replace(start_ns=each.start_ns * times, end_ns=each.end_ns * times)
        for each in run.spans
    ]
    return dataclasses.replace(run, spans=spans)


@given(runs(), st.integers(2, 5))
def test_a_run_that_is_so_many_times_slower_is_so_everywhere(run, times):
    found = compare_traces(run.trace, slower(run.trace, times))
    for each in (*found.totals, *found.parts):
        at_rest = each.unit is Unit.BYTES or each.before.median == 0
        assert each.ratio == (1 if at_rest else times)
    took = run.trace.makespan_ns > 0
    assert [each.name for each in found.regressions(FIVE)] == ["makespan"] * took


@given(runs())
def test_a_run_and_itself_are_the_same(run):
    found = compare_traces(run.trace, run.trace)
    assert {each.verdict(Fraction(0)) for each in (*found.totals, *found.parts)} <= {
        Verdict.UNCHANGED
    }
    assert all(each.same for each in found.settings)
