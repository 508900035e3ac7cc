"""Runs are simulated with other costs, one class at a time: the class that was changed is named."""

import pytest
from strategies import make_chunk, make_pipeline, make_stage

from devsim.analysis.beside import Beside, measured_speeds
from devsim.analysis.explain import COSTS, explain
from devsim.core.pipeline import LaneSpeeds
from devsim.core.plan import Residency
from devsim.core.trace import Kind, Span, Trace
from devsim.policy.planned import Planned
from devsim.simulation.simulator import simulate

POLICY = Planned((Residency(resident=(0,), window=1),))
BUDGET = 10_000
PREDICTED = LaneSpeeds(load_ppm=900_000, compute_ppm=900_000)


def pipeline(cold=9_000, load=3_000, compute=2_000, compute_ppm=800_000):
    chunks = [
        make_chunk(f"b{number}", load=load + 100 * number, cold=cold, compute=compute)
        for number in range(4)
    ]
    stage = make_stage(*chunks, iterations=6)
    return make_pipeline(stage, load_ppm=800_000, compute_ppm=compute_ppm)


@pytest.mark.parametrize(
    ("cost", "changed"),
    [
        ("cold loads", {"cold": 30_000}),
        ("cached loads", {"load": 5_000}),
        ("computes", {"compute": 9_000}),
    ],
)
def test_the_cost_that_was_wrong_is_named_and_leaves_no_error(cost, changed):
    run = simulate(pipeline(**changed), POLICY, BUDGET)
    told = explain(pipeline(), POLICY, BUDGET, [run])
    assert told.most[0] == cost
    assert abs(told.error) > 0.1
    # spans are whole nanoseconds: a rounding of each chunk's cost is all that is left
    assert told.with_measured[cost] == pytest.approx(0, abs=0.001)


def test_contention_that_was_wrong_is_named():
    """The resident chunk computes beside a load in some iterations and alone in others."""
    run = simulate(pipeline(compute_ppm=300_000), POLICY, BUDGET)
    told = explain(pipeline(), POLICY, BUDGET, [run])
    assert told.most[0] == "contention"


def test_overhead_that_was_left_out_is_named_and_leaves_no_error():
    """A chunk that is loaded once and computed ten times; a run waits 500 ns before each next."""
    stage = make_stage(make_chunk("b0", load=3_000, compute=2_000), iterations=10)
    policy = Planned((Residency(resident=(0,), window=1),))
    starts_ns = [3_000 + number * (2_000 + 500) for number in range(10)]
    spans = [Span(Kind.LOAD, 0, "stage", 0, 0, "b0", 0, 3_000, cold=True)]
    spans += [
        Span(Kind.COMPUTE, number, "stage", number, 0, "b0", start_ns, start_ns + 2_000)
        for number, start_ns in enumerate(starts_ns)
    ]
    run = Trace("measured", "made", "planned", BUDGET, spans, ())
    found = explain(make_pipeline(stage), policy, BUDGET, [run])
    # 23,000 were predicted and 9 x 500 more were taken: 450 for each compute.
    assert found.error == 23_000 / 27_500 - 1
    assert found.most == ("overhead", -found.error)
    assert found.with_measured["overhead"] == 0
    assert found.with_measured["computes"] == found.error


def test_a_prediction_that_is_right_leaves_nothing():
    run = simulate(pipeline(), POLICY, BUDGET)
    told = explain(pipeline(), POLICY, BUDGET, [run, run])
    assert told.error == 0
    assert told.with_measured.keys() == set(COSTS)
    assert told.with_all == pytest.approx(0, abs=0.001)


def run_of(loads, computes):
    """A measured run of one chunk: starts and ends, in ms, of its loads and of its computes."""
    spans = [
        Span(kind, at, "s", at, 0, "b", start_ms * 1_000_000, end_ms * 1_000_000)
        for kind, spans in ((Kind.LOAD, loads), (Kind.COMPUTE, computes))
        for at, (start_ms, end_ms) in enumerate(spans)
    ]
    return Beside(Trace("measured", "w", "planned", 0, spans, ()))


def test_loads_that_take_longer_wholly_beside_a_compute_say_nothing_of_speed():
    uneven = run_of(loads=[(0, 50), (200, 290), (400, 460)], computes=[(0, 500)])
    assert measured_speeds([uneven], PREDICTED) == PREDICTED


def test_a_speed_is_measured_where_some_spans_overlap_and_others_do_not():
    # Alone 100; beside a load for 80 the compute takes 40 longer: half as fast.
    run = run_of(loads=[(0, 80), (300, 380)], computes=[(0, 140), (150, 250), (300, 440)])
    assert measured_speeds([run], PREDICTED).compute_ppm == 500_000


def test_noise_is_not_taken_for_a_speed():
    # Overlaps of 80, 0, 80 and 0; at nine tenths of their speed the computes take 103, 97, 97, 103.
    loads = [(0, 80), (400, 480)]
    computes = [(0, 111), (200, 297), (400, 505), (600, 703)]
    assert measured_speeds([run_of(loads, computes)], PREDICTED) == PREDICTED
