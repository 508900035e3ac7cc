import pytest

from devsim.core.trace import Footprint, Kind, Span, Trace
from devsim.replay.validation import compare

BUDGET = 1000


def trace(makespan_ns, peak_bytes, load_ns=40):
    return Trace(
        origin="measured",
        workload="w",
        policy="planned",
        budget_bytes=BUDGET,
        spans=(
            Span(Kind.LOAD, 0, "s", 0, 0, "b", 0, load_ns),
            Span(Kind.COMPUTE, 0, "s", 0, 0, "b", load_ns, makespan_ns),
        ),
        footprint=(Footprint(0, 10), Footprint(5, peak_bytes)),
    )


def test_errors_are_of_the_measured_median_and_the_spread_is_the_runs_own():
    runs = [trace(100, 500), trace(80, 400), trace(90, 450)]
    result = compare(trace(99, 495), runs, ["same"] * 3)
    assert result.makespan.median == 90
    assert result.makespan.error == pytest.approx(99 / 90 - 1)
    assert result.makespan.spread == pytest.approx(20 / 90)
    assert result.peak.error == pytest.approx(495 / 450 - 1)
    assert result.load_busy.error == 0
    assert result.compute_busy.predicted == 59
    assert result.passed


def test_one_run_over_the_budget_fails_the_plan():
    result = compare(trace(99, 495), [trace(90, 500), trace(90, BUDGET + 1)], ["same"] * 2)
    assert result.budget_exceeded
    assert not result.passed


def test_a_footprint_of_exactly_the_budget_is_within_it():
    assert not compare(trace(9, 9), [trace(90, BUDGET)], ["same"]).budget_exceeded


def test_runs_that_compute_other_outputs_fail_the_plan():
    result = compare(trace(99, 495), [trace(90, 500)] * 2, ["one", "other"])
    assert not result.outputs_match
    assert not result.passed
