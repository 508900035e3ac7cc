import pytest

from devsim.analysis.validated import speed_ups
from devsim.analysis.validation import compare
from devsim.core.trace import Footprint, Kind, Span, Trace

BUDGET = 1000


def trace(makespan_ns, peak_bytes, load_ns=40):
    return Trace(
        origin="measured",
        workload="w",
        policy="planned",
        budget_bytes=BUDGET,
        spans=(
            Span(Kind.LOAD, 0, "s", 0, 0, "b", 0, load_ns, cold=True),
            Span(Kind.COMPUTE, 0, "s", 0, 0, "b", load_ns, makespan_ns),
        ),
        footprint=(Footprint(0, 10), Footprint(5, peak_bytes)),
    )


def test_errors_are_of_the_measured_median_and_the_spread_is_the_runs_own():
    runs = [trace(100, 500), trace(80, 400), trace(90, 450)]
    result = compare(trace(99, 495), runs, peak_bytes=495, outputs_match=True)
    assert result.makespan.median == 90
    assert result.makespan.error == pytest.approx(99 / 90 - 1)
    assert result.makespan.spread == pytest.approx(20 / 90)
    assert result.peak.error == pytest.approx(495 / 450 - 1)
    assert result.load_busy.error == 0
    assert result.compute_busy.predicted == 59
    assert result.passed


def test_stalls_are_compared_by_cause():
    result = compare(
        trace(99, 495, 30), [trace(90, 500), trace(90, 500, 50)], peak_bytes=495, outputs_match=True
    )
    assert result.stalls.keys() == {"prologue"}
    assert result.stalls["prologue"].predicted == 30
    assert result.stalls["prologue"].measured == (40, 50)


def test_chunks_are_compared_over_all_runs():
    result = compare(
        trace(99, 1, 30), [trace(90, 1), trace(96, 1, 50)], peak_bytes=1, outputs_match=True
    )
    (chunk,) = result.chunks
    assert (chunk.stage, chunk.name) == ("s", "b")
    assert chunk.cold_load.measured == (40, 50)
    assert chunk.cold_load.error == pytest.approx(30 / 45 - 1)
    assert chunk.cached_load.measured == ()
    assert chunk.compute.predicted == (69,)
    assert sorted(chunk.compute.measured) == [46, 50]


def test_one_run_over_the_budget_fails_the_plan():
    runs = [trace(90, 500), trace(90, BUDGET + 1)]
    result = compare(trace(99, 495), runs, peak_bytes=495, outputs_match=True)
    assert result.budget_exceeded
    assert not result.passed


def test_a_footprint_of_exactly_the_budget_is_within_it():
    result = compare(trace(9, 9), [trace(90, BUDGET)], peak_bytes=9, outputs_match=True)
    assert not result.budget_exceeded


def test_outputs_that_are_not_the_models_fail_the_plan():
    result = compare(trace(99, 495), [trace(90, 500)], peak_bytes=495, outputs_match=False)
    assert not result.passed


@pytest.mark.parametrize(("allowed", "passes"), [(0.11, True), (0.09, False), (None, True)])
def test_an_error_above_what_is_asked_fails_the_plan(allowed, passes):
    result = compare(
        trace(99, 495), [trace(90, 500)], peak_bytes=495, outputs_match=True, max_error=allowed
    )
    assert result.passed is passes


def test_speed_ups_are_of_each_turn():
    ours = [trace(50, 1), trace(100, 1), trace(80, 1)]
    others = {"serial": [trace(100, 70), trace(300, 50), trace(80, 60)], "strided": []}
    serial, strided = speed_ups(ours, others)
    assert serial.speed_up == 2
    assert serial.peak_bytes == 70
    assert strided.makespans_ns == ()
