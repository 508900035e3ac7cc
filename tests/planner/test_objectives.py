"""Other questions than for the fastest plan: memory, bytes read, percentiles, what matters."""

from dataclasses import replace

import pytest
from strategies import make_profile, make_variant

from devsim.core.errors import BadInputError, InfeasibleBudgetError
from devsim.core.profile import BlockProfile, Samples
from devsim.planner.ask import Ask
from devsim.planner.cost import Objective
from devsim.planner.explain import explain
from devsim.planner.frontier import frontier, least_memory
from devsim.planner.planner import plan_for
from devsim.planner.robust import robust_plan
from devsim.planner.sensitivity import sensitivity
from devsim.planner.solver import solve
from devsim.simulation.workload import phases_of

BLOCKS = [make_variant(resident=10, cold=20, cached=20, compute=10) for _ in range(6)]


def ask(profile=None, budget=40, **more) -> Ask:
    profile = profile or make_profile((4, BLOCKS))
    return Ask(profile, budget, phases_of(profile, {}), **more)


def test_frontier_falls_and_ends_where_everything_fits():
    points = frontier(ask())
    budgets = [point.budget_bytes for point in points]
    makespans = [point.makespan_ns for point in points]
    assert budgets == sorted(set(budgets))
    assert makespans == sorted(set(makespans), reverse=True)
    assert all(point.lower_bound_ns <= point.makespan_ns for point in points)
    # One at a time: 24 loads and 24 computes. All at once: 6 loads, and what the last computes add.
    assert (budgets[0], makespans[0]) == (10, 24 * 30)
    assert makespans[-1] == 6 * 20 + 10 + 3 * 6 * 10


def test_least_memory_keeps_the_makespan_and_less_does_not():
    wanted = plan_for(ask(budget=40)).prediction.makespan_ns
    made = least_memory(ask(budget=60), wanted)
    assert made.prediction.makespan_ns <= wanted
    assert made.budget_bytes <= 40
    with pytest.raises(InfeasibleBudgetError, match="the fastest takes"):
        least_memory(ask(budget=60), 100)


def test_io_reads_least():
    fastest, frugal = plan_for(ask()), plan_for(ask(objective=Objective.IO))
    # Room for 4 blocks: one computes while three stay; 60 bytes first, then 30 three times.
    assert frugal.read_bytes == 60 + 3 * 30 <= fastest.read_bytes
    assert all(
        frugal.read_bytes <= each.figures.read_bytes for each in frugal.baselines if each.figures
    )


def test_robust_plans_say_their_percentile_and_need_samples():
    varied = [
        block.model_copy(update={"cached_load": Samples(ns=(10, 20, 90), source="made")})
        for block in BLOCKS
    ]
    made = robust_plan(ask(make_profile((4, varied))), 90)
    assert made.robustness is not None
    assert made.robustness.percentile == 90
    assert made.robustness.median_ns <= made.robustness.makespan_ns
    assert made == robust_plan(ask(make_profile((4, varied))), 90)
    with pytest.raises(BadInputError, match="one sample of everything"):
        robust_plan(ask(), 90)


def test_sensitivity_ranks_what_matters():
    found = sensitivity(solve(ask()))
    by_name = {each.knob: each for each in found}
    # Loads take twice the computes and less than all fits: loads matter, unloading takes no time.
    assert by_name["cached loads"].higher_ns > by_name["cached loads"].lower_ns
    assert by_name["unload lag"].higher_ns == by_name["unload lag"].lower_ns
    assert found.index(by_name["cached loads"]) < found.index(by_name["unload lag"])
    assert by_name["budget"].lower_ns >= by_name["budget"].higher_ns


def test_the_faster_variant_is_chosen_unless_another_is_asked_for():
    slow, fast = BLOCKS[0], make_variant(resident=5, cold=10, cached=10, compute=10)
    profile = make_profile((4, BLOCKS))
    stage = profile.stages[0].model_copy(
        update={
            "blocks": tuple(
                BlockProfile(name=f"b{n}", variants={"v": slow, "int8": fast}) for n in range(6)
            )
        }
    )
    profile = profile.model_copy(update={"stages": (stage,)})
    assert plan_for(ask(profile)).pipeline.stages[0].variant == "int8"
    pinned = ask(profile, variants={"stage0": "v"})
    assert plan_for(pinned).pipeline.stages[0].variant == "v"
    with pytest.raises(InfeasibleBudgetError, match="--variant stage0=int8") as refused:
        plan_for(replace(pinned, budget_bytes=7))
    assert refused.value.smallest_budget_bytes == 10
    with pytest.raises(BadInputError, match="stage stage0 has no variant 'fp4'; it has: v, int8"):
        plan_for(ask(profile, variants={"stage0": "fp4"}))
    with pytest.raises(BadInputError, match="no stage 'vae'"):
        plan_for(ask(profile, variants={"vae": "v"}))


def test_explanation_names_the_figures():
    made = plan_for(ask())
    first, *_, last = explain(made, ask().problem)
    assert first.startswith("stage0: an iteration computes 60 ns and would load 120 ns")
    assert "its loads set the pace" in first
    assert "named policy" in last or "as fast" in last
