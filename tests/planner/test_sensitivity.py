"""From which value of a figure on another plan is better, in cases that are plain on paper.

Values are tried in steps of 2^(1/8) up to 4 and down to 1/4, and the first that is seen to be
enough is reported.
"""

import pytest
from strategies import make_profile, make_variant

from devsim.planner.ask import Ask
from devsim.planner.sensitivity import sensitivity
from devsim.planner.solver import solve
from devsim.simulation.workload import phases_of


def found(budget, **costs):
    blocks = [make_variant(resident=1000, cold=20, cached=20, compute=10, **costs)] * 2
    profile = make_profile((10, blocks))
    turned = sensitivity(solve(Ask(profile, budget, phases_of(profile, {}))))
    return {each.knob: each for each in turned}


def test_a_larger_budget_from_which_everything_stays():
    # Both blocks fit from 4/3 of the budget on: 2^(3/8) is less, 2^(4/8) is enough.
    budget = found(1500)["budget"]
    assert budget.flips_above == pytest.approx(2 ** (4 / 8))
    # With less memory there is no other plan: below two thirds of it there is none at all.
    assert budget.flips_below is None


def test_smaller_activations_beside_which_everything_stays():
    # Beside both blocks there is room for 5/6 of them: 2^(-2/8) is more, 2^(-3/8) is less.
    activations = found(3000, activation=1200)["activations"]
    assert activations.flips_below == pytest.approx(2 ** (-3 / 8))
    assert activations.flips_above is None


def test_what_takes_no_time_never_makes_another_plan_better():
    lag = found(1500)["unload lag"]
    assert (lag.flips_below, lag.flips_above) == (None, None)
