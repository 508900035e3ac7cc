"""More budget never makes a plan slower, of problems of any size: no tolerance, at any budget.

``DEVSIM_EXAMPLES=200 pytest tests/planner/test_ladder.py`` judges so many problems of each size.
"""

import os
import random
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from instances import KINDS, instance, profile_of
from oracle import one_block_a_chunk, whole
from strategies import profiles

from devsim.core.profile import Profile
from devsim.core.shipped import profile_path
from devsim.planner.ask import Ask
from devsim.planner.baselines import hands
from devsim.planner.book import Book
from devsim.planner.cost import DOES_NOT_FIT, Objective, cost_of
from devsim.planner.hand import best_by_hand
from devsim.planner.infeasible import least_budget_bytes
from devsim.planner.ladder import Ladder
from devsim.planner.planner import plan_for
from devsim.planner.score import least_cost
from devsim.planner.search import has_few_shapes
from devsim.planner.solver import climb
from devsim.policy.feasible import smallest_budget_bytes
from devsim.simulation.workload import phases_of

EXAMPLES = int(os.environ.get("DEVSIM_EXAMPLES", "0"))


def examples(default: int) -> settings:
    return settings(
        max_examples=EXAMPLES or default, deadline=None, suppress_health_check=list(HealthCheck)
    )


def least_of(profile) -> int:
    return max(1, smallest_budget_bytes(one_block_a_chunk(profile))[0])


def asked(profile, budget, objective=Objective.LATENCY, loaders=1) -> Ask:
    return Ask(profile, budget, phases_of(profile, {}), loaders, objective)


def near(budgets, least, most):
    """Budgets, and those one byte above and below, as far as they are in a range."""
    around = {budget + by for budget in budgets for by in (-1, 0, 1)}
    return sorted(budget for budget in around if least <= budget <= most)


def costs_around(ask, seed, count):
    """What plans cost at random budgets, at rungs and where named policies change."""
    draw = random.Random(seed)
    least, ladder = least_budget_bytes(ask), Ladder(ask)
    most = max(least, ask.budget_bytes)
    drawn = [least, most, *(draw.randint(least, most) for _ in range(count))]
    for budget in drawn:
        climb(ask.at(budget), ladder)
    steps = [hand.same_from_bytes(least, draw.choice(drawn)) for hand in ladder.hands]
    rungs = draw.sample(ladder.rungs, min(count, len(ladder.rungs)))
    budgets = near([*drawn, *steps, *rungs], least, most)
    return {budget: climb(ask.at(budget), ladder).found.cost for budget in budgets}


def never_rises(costs) -> bool:
    rising = [costs[budget] for budget in sorted(costs)]
    return rising == sorted(rising, reverse=True)


@examples(12)
@given(
    profiles(max_blocks=4, max_iterations=4, max_stages=2),
    st.sampled_from([(Objective.LATENCY, 1), (Objective.LATENCY, 2), (Objective.IO, 1)]),
)
def test_ladder_at_every_byte(profile, case):
    least = least_of(profile)
    ask = asked(profile, least + 120, *case)
    ladder = Ladder(ask)
    found = [ladder.best(budget)[0] for budget in range(least, least + 121)]
    assert all(after.cost <= before.cost for before, after in pairwise(found))
    assert all(each.run.from_bytes <= budget for budget, each in enumerate(found, least))


@examples(12)
@given(profiles(max_blocks=4, max_iterations=4, max_stages=2), st.integers(0, 150))
def test_what_was_asked_before_does_not_matter(profile, spare):
    budget = least_of(profile) + spare
    ask = asked(profile, budget)
    used = Ladder(ask)
    for other in range(least_of(profile), budget, 13):
        used.best(other)
    assert used.best(budget)[0] == Ladder(ask).best(budget)[0]


@examples(25)
@given(
    profiles(max_blocks=4, max_iterations=3, max_stages=2),
    st.integers(0, 120),
    st.sampled_from([Objective.LATENCY, Objective.IO]),
    st.sampled_from([1, 2]),
)
def test_best_by_hand_is_the_best_of_every_policy_under_every_budget(
    profile, spare, objective, loaders
):
    least = least_of(profile)
    ask = asked(profile, least + spare, objective, loaders)
    every = hands(profile, ask.problem)
    found = best_by_hand(every, objective, DOES_NOT_FIT, least, least + spare)
    figures = [hand.figures(at) for hand in every for at in range(least, least + spare + 1)]
    costs = [cost_of(objective, each.read_bytes, each.makespan_ns) for each in figures if each]
    assert found is not None
    assert found.cost == min(costs)


@examples(25)
@given(profiles(max_blocks=4, max_iterations=3, max_stages=2), st.integers(0, 120))
def test_bytes_read_are_bounded_by_every_plan_and_policy(profile, spare):
    budget = least_of(profile) + spare
    ask = asked(profile, budget, Objective.IO)
    best = climb(ask, Ladder(ask))
    problem = whole(profile, budget)
    assert least_cost(Objective.IO, Book(problem), problem) <= best.found.cost


@examples(4)
@given(
    st.sampled_from(KINDS),
    st.integers(0, 1 << 30),
    st.sampled_from([(12,), (20,), (30,), (8, 6), (15, 15), (6, 5, 7)]),
    st.integers(1, 12),
)
def test_more_budget_never_makes_middling_problems_slower(kind, seed, sizes, iterations):
    one = instance(kind, seed, sizes, (iterations,) * len(sizes))
    ask = asked(profile_of(one), round(one.budget * 1.3))
    assert not has_few_shapes(ask.problem)
    assert never_rises(costs_around(ask, seed, 6))


@examples(1)
@given(
    st.sampled_from(KINDS),
    st.integers(0, 1 << 30),
    st.sampled_from([(30,), (60,), (150,), (40, 50)]),
    st.integers(2, 30),
)
def test_more_budget_never_makes_large_problems_slower(kind, seed, sizes, iterations):
    one = instance(kind, seed, sizes, (iterations,) * len(sizes))
    ask = asked(profile_of(one), round(one.budget * 1.1))
    assert never_rises(costs_around(ask, seed, 3))


@examples(2)
@given(st.sampled_from(KINDS), st.integers(0, 1 << 30), st.sampled_from([(12,), (20,), (6, 8)]))
def test_more_budget_never_reads_more_of_middling_problems(kind, seed, sizes):
    one = instance(kind, seed, sizes, (4,) * len(sizes))
    ask = asked(profile_of(one), one.budget, Objective.IO)
    assert never_rises(costs_around(ask, seed, 4))


@examples(2)
@given(st.sampled_from(KINDS), st.integers(0, 1 << 30), st.sampled_from([(12,), (6, 5)]))
def test_more_budget_never_makes_middling_problems_slower_for_two_loaders(kind, seed, sizes):
    one = instance(kind, seed, sizes, (3,) * len(sizes))
    ask = asked(profile_of(one), one.budget, loaders=2)
    assert never_rises(costs_around(ask, seed, 3))


def test_more_budget_never_makes_open_sora_slower():
    profile = Profile.read(profile_path("open-sora-v1.2", "iphone15pro"))
    assert never_rises(costs_around(asked(profile, 6_000_000_000), 1, EXAMPLES or 6))


@pytest.mark.parametrize("kind", KINDS)
def test_plans_are_what_the_ladder_says_and_no_slower_than_named_policies(kind):
    one = instance(kind, 5, (14, 9), (6, 1))
    ask = asked(profile_of(one), one.budget)
    made = plan_for(ask)
    assert made.prediction.makespan_ns == climb(ask, Ladder(ask)).makespan_ns
    assert made.prediction.peak_bytes <= made.budget_bytes <= one.budget
    assert all(
        made.prediction.makespan_ns <= each.figures.makespan_ns
        for each in made.baselines
        if each.figures
    )
