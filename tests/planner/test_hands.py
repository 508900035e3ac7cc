"""Named policies as shapes that the search may start from."""

import pytest
from oracle import whole
from strategies import make_profile, make_variant

from devsim.planner.baselines import hands, residency_of
from devsim.policy.planned import Planned
from devsim.policy.serial import Serial
from devsim.simulation.simulator import simulate

PROFILE = make_profile(
    (3, [make_variant(resident=10, cold=30, cached=20, compute=12) for _ in range(8)])
)


@pytest.mark.parametrize("budget", [10, 30, 45, 60, 80])
def test_a_named_policy_s_shapes_run_as_the_policy_does(budget):
    with_shapes = 0
    for hand in hands(PROFILE, whole(PROFILE, budget)):
        figures = hand.figures(budget)
        shapes = hand.shapes(hand.under(budget)) if figures else None
        if shapes:
            with_shapes += 1
            as_planned = Planned(tuple(shape.residency for shape in shapes))
            trace = simulate(hand.pipeline, as_planned, budget)
            assert (trace.makespan_ns, trace.peak_bytes) == (
                figures.makespan_ns,
                figures.peak_bytes,
            )
    assert with_shapes


def test_a_policy_that_loads_nothing_ahead_has_no_window():
    (serial, *_) = hands(PROFILE, whole(PROFILE, 80))
    (residency,) = residency_of(Serial(), serial.pipeline)
    assert (residency.resident, residency.window) == ((), 0)
