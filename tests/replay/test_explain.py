"""Runs are simulated with other costs, one class at a time: the class that was changed is named."""

import pytest
from strategies import make_chunk, make_pipeline, make_stage

from devsim.core.plan import Residency
from devsim.policy.planned import Planned
from devsim.replay.explain import COSTS, explain
from devsim.simulate.simulator import simulate

POLICY = Planned((Residency(resident=(0,), window=1),))
BUDGET = 10_000


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


def test_a_prediction_that_is_right_leaves_nothing():
    run = simulate(pipeline(), POLICY, BUDGET)
    told = explain(pipeline(), POLICY, BUDGET, [run, run])
    assert told.error == 0
    assert told.with_measured.keys() == set(COSTS)
    assert told.with_all == pytest.approx(0, abs=0.001)
