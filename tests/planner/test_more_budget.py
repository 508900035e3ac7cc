"""More budget never makes a small problem's plan slower; for others, see ``test_ladder.py``.

``DEVSIM_EXAMPLES=10000 pytest tests/planner/test_more_budget.py`` judges so many problems.
"""

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from instances import KINDS, instance, profile_of
from oracle import one_block_a_chunk, whole
from strategies import pipelines, policies, profiles

from devsim.core.errors import InfeasibleBudgetError
from devsim.planner.ask import Ask
from devsim.planner.bound import lower_bound_ns
from devsim.planner.cost import Objective
from devsim.planner.planner import plan_for
from devsim.planner.runs import runs_of
from devsim.planner.search import has_few_shapes
from devsim.policy.feasible import smallest_budget_bytes
from devsim.simulation.evaluate import Evaluator
from devsim.simulation.simulator import simulate
from devsim.simulation.workload import phases_of

EXAMPLES = int(os.environ.get("DEVSIM_EXAMPLES", "0"))
drawn = st.one_of(
    profiles(max_blocks=3, max_iterations=3, max_stages=2),
    profiles(max_blocks=5, max_iterations=4, max_stages=1),
)


def examples(default: int) -> settings:
    return settings(
        max_examples=EXAMPLES or default, deadline=None, suppress_health_check=list(HealthCheck)
    )


def planned(profile, budget, objective=Objective.LATENCY, loaders=1):
    ask = Ask(profile, budget, phases_of(profile, {}), loaders, objective)
    assert has_few_shapes(ask.problem)
    return plan_for(ask)


def least_of(profile) -> int:
    return max(1, smallest_budget_bytes(one_block_a_chunk(profile))[0])


@examples(60)
@given(drawn, st.integers(0, 200), st.integers(0, 60))
def test_more_budget_never_makes_a_plan_slower(profile, spare, more):
    low = least_of(profile) + spare
    less, plenty = planned(profile, low), planned(profile, low + more)
    assert plenty.prediction.makespan_ns <= less.prediction.makespan_ns
    assert less.prediction.peak_bytes <= less.budget_bytes <= low


@examples(10)
@given(drawn, st.integers(0, 200), st.integers(0, 60))
def test_more_budget_never_reads_more(profile, spare, more):
    low = least_of(profile) + spare
    less, plenty = (planned(profile, at, Objective.IO) for at in (low, low + more))
    assert (plenty.read_bytes, plenty.prediction.makespan_ns) <= (
        less.read_bytes,
        less.prediction.makespan_ns,
    )


@examples(10)
@given(
    profiles(max_blocks=3, max_iterations=2, max_stages=1), st.integers(0, 60), st.integers(0, 60)
)
def test_more_budget_never_makes_a_plan_for_two_loaders_slower(profile, spare, more):
    low = least_of(profile) + spare
    less, plenty = (planned(profile, at, loaders=2) for at in (low, low + more))
    assert plenty.prediction.makespan_ns <= less.prediction.makespan_ns


@examples(40)
@given(st.data())
def test_runs_are_those_of_the_simulator_under_every_budget(data):
    pipeline = data.draw(pipelines())
    policy = data.draw(policies(pipeline))
    most = data.draw(st.integers(1, 300))
    found = {}
    for run in runs_of(Evaluator(pipeline), policy, 1, most):
        found |= dict.fromkeys(range(run.from_bytes, run.to_bytes + 1), run.makespan_ns)
    for budget in range(1, most + 1):
        try:
            expected = simulate(pipeline, policy, budget).makespan_ns
        except InfeasibleBudgetError:
            expected = None
        assert found.get(budget) == expected


@examples(40)
@given(drawn, st.integers(0, 200), st.integers(0, 60))
def test_the_bound_never_rises_with_the_budget(profile, spare, more):
    low = least_of(profile) + spare
    assert lower_bound_ns(whole(profile, low + more)) <= lower_bound_ns(whole(profile, low))


@examples(8)
@given(
    st.sampled_from(KINDS),
    st.integers(0, 1 << 30),
    st.sampled_from([(4,), (5,), (6,), (3, 2)]),
    st.floats(0.5, 1.5),
)
def test_more_budget_never_makes_larger_blocks_slower(kind, seed, sizes, share):
    one = instance(kind, seed, sizes, (3,) * len(sizes))
    profile = profile_of(one)
    other = max(least_of(profile), round(one.budget * share))
    low, high = sorted((one.budget, other))
    plenty, less = planned(profile, high), planned(profile, low)
    assert plenty.prediction.makespan_ns <= less.prediction.makespan_ns
