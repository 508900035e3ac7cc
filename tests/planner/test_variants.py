"""Variants are chosen with the plan: the best of the plans of all choices, whatever the budget."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from instances import instance, profile_of
from oracle import one_block_a_chunk
from strategies import make_profile, make_variant, profiles

from devsim.core.errors import InfeasibleBudgetError
from devsim.planner.ask import Ask
from devsim.planner.frontier import frontier, least_memory
from devsim.planner.infeasible import least_budget_bytes
from devsim.planner.planner import plan_for
from devsim.planner.variants import as_planned, choices
from devsim.policy.feasible import smallest_budget_bytes
from devsim.simulation.workload import phases_of


def with_second_variant(profile, other):
    """The profile, whose blocks have those of another profile as a second variant ``w``."""
    stages = []
    for stage, others in zip(profile.stages, other.stages, strict=False):
        blocks = [
            block.model_copy(update={"variants": {**block.variants, "w": second.variants["v"]}})
            for block, second in zip(stage.blocks, others.blocks, strict=False)
        ]
        stages.append(stage.model_copy(update={"blocks": tuple(blocks)}))
    return profile.model_copy(update={"stages": tuple(stages)})


def asked(profile, budget, **variants):
    return Ask(profile, budget, phases_of(profile, {}), variants=variants)


def makespan(ask):
    return plan_for(ask).prediction.makespan_ns


def variants_of(plan):
    return {stage.name: stage.variant for stage in plan.pipeline.stages}


few = profiles(max_blocks=3, max_iterations=3, max_stages=2)
two_variants = st.builds(with_second_variant, few, few)
FEW_EXAMPLES = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


@FEW_EXAMPLES
@given(two_variants, st.integers(0, 150))
def test_a_plan_is_the_best_of_those_of_every_choice(profile, spare):
    ask = asked(profile, 1)
    budget = max(1, min(least_budget_bytes(each) for each in choices(ask))) + spare
    kept = {name for each in choices(ask) for name in _combination(each)}
    every = []
    for names in product("vw", repeat=len(profile.stages)):
        pinned = dict(zip((stage.name for stage in profile.stages), names, strict=True))
        if set(pinned.items()) <= kept:
            try:
                every.append(makespan(asked(profile, budget, **pinned)))
            except InfeasibleBudgetError:
                continue
    assert makespan(asked(profile, budget)) == min(every)


def _combination(ask):
    return [(name, phases[0][0]) for name, phases in ask.phases.items()]


@FEW_EXAMPLES
@given(two_variants, st.integers(0, 100), st.integers(0, 60))
def test_more_budget_never_makes_a_plan_slower_by_another_variant(profile, spare, more):
    least = min(least_budget_bytes(each) for each in choices(asked(profile, 1)))
    less, plenty = (asked(profile, max(1, least) + spare + each) for each in (0, more))
    assert makespan(plenty) <= makespan(less)


@settings(FEW_EXAMPLES, max_examples=2)
@given(st.sampled_from(["loads", "mixed", "contended"]), st.integers(0, 1 << 30))
def test_more_budget_never_makes_middling_plans_slower_by_another_variant(kind, seed):
    first, second = (profile_of(instance(kind, seed + n, (8, 7), (4, 3))) for n in (0, 1))
    profile = with_second_variant(first, second)
    least = min(least_budget_bytes(each) for each in choices(asked(profile, 1)))
    makespans = [makespan(asked(profile, round(least * times))) for times in (1, 1.5, 2, 3)]
    assert makespans == sorted(makespans, reverse=True)


SMALL = make_variant(resident=5, cold=5, cached=5, compute=20)
FAST = make_variant(resident=10, cold=10, cached=10, compute=10)


def small_and_fast():
    """Four blocks: below 10 bytes only small ones fit; with 40 all fast ones stay."""
    profile = make_profile((3, [FAST] * 4))
    return with_second_variant(profile, make_profile((3, [SMALL] * 4)))


def test_the_budget_decides_which_variant_is_best():
    profile = small_and_fast()
    tight, roomy = plan_for(asked(profile, 9)), plan_for(asked(profile, 40))
    assert variants_of(tight) == {"stage0": "w"}
    assert variants_of(roomy) == {"stage0": "v"}
    assert roomy.prediction.makespan_ns == 10 + 3 * 40


def test_a_variant_that_costs_more_in_everything_is_no_choice():
    worse = make_variant(resident=11, cold=10, cached=10, compute=10)
    profile = with_second_variant(make_profile((2, [FAST] * 2)), make_profile((2, [worse] * 2)))
    assert [_combination(each) for each in choices(asked(profile, 20))] == [[("stage0", "v")]]
    (pinned,) = choices(asked(profile, 22, stage0="w"))
    assert _combination(pinned) == [("stage0", "w")]


def test_a_default_that_costs_more_in_everything_is_no_choice():
    worse = make_variant(resident=11, cold=10, cached=10, compute=10)
    profile = with_second_variant(make_profile((2, [worse] * 2)), make_profile((2, [FAST] * 2)))
    assert [_combination(each) for each in choices(asked(profile, 22))] == [[("stage0", "w")]]


def test_equal_variants_leave_the_default():
    profile = with_second_variant(make_profile((2, [FAST])), make_profile((2, [FAST])))
    assert [_combination(each) for each in choices(asked(profile, 20))] == [[("stage0", "v")]]


def test_a_budget_for_no_variant_names_the_least_of_all():
    with pytest.raises(InfeasibleBudgetError) as refused:
        plan_for(asked(small_and_fast(), 4))
    assert refused.value.smallest_budget_bytes == 5


def test_the_frontier_goes_over_all_variants():
    points = frontier(asked(small_and_fast(), 40))
    assert points[0].budget_bytes == 5
    assert points[-1].makespan_ns == 130
    assert all(point.lower_bound_ns <= point.makespan_ns for point in points)


def test_the_least_memory_may_be_another_variant_s():
    # One small block at a time takes 3 x 4 x (5 + 20) with 5 bytes, a fast one needs 10.
    made = least_memory(asked(small_and_fast(), 40), 300)
    assert variants_of(made) == {"stage0": "w"}
    assert made.budget_bytes == 5


def test_the_variants_of_a_plan_are_found_again():
    ask = asked(small_and_fast(), 9)
    again = as_planned(ask, plan_for(ask))
    assert _combination(again) == [("stage0", "w")]
    assert smallest_budget_bytes(one_block_a_chunk(small_and_fast()))[0] == 10
    assert replace(again, budget_bytes=5).problem.stages[0].variant == "w"
