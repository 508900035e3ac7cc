"""What must hold of every plan."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st
from instances import instance, profile_of
from oracle import one_block_a_chunk, whole
from strategies import make_profile, make_variant, profiles

from devsim.planner.planner import plan
from devsim.policy.feasible import smallest_budget_bytes
from devsim.policy.named import policy_of
from devsim.simulation.costs import chunk_of
from devsim.simulation.simulator import simulate

small = profiles(max_blocks=3, max_iterations=3, max_stages=2)


@settings(max_examples=25)
@given(small, st.integers(0, 100), st.integers(2, 1000))
def test_scaled_durations_scale_the_makespan(profile, spare, factor):
    profile = profile.model_copy(
        update={
            "contention": profile.contention.model_copy(
                update={"load_slowdown": 1.0, "compute_slowdown": 1.0}
            )
        }
    )
    budget = max(1, smallest_budget_bytes(one_block_a_chunk(profile))[0]) + spare
    made, scaled = plan(profile, budget), plan(_scaled(profile, factor), budget)
    assert scaled.prediction.makespan_ns == factor * made.prediction.makespan_ns
    assert scaled.residency == made.residency


def _scaled(profile, factor):
    def samples(value):
        return value.model_copy(update={"ns": tuple(factor * ns for ns in value.ns)})

    def variant(each):
        names = ("cold_load", "cached_load", "unload", "compute")
        return each.model_copy(update={name: samples(getattr(each, name)) for name in names})

    def block(each):
        variants = {name: variant(value) for name, value in each.variants.items()}
        return each.model_copy(update={"variants": variants})

    return profile.model_copy(
        update={
            "load_fixed": samples(profile.load_fixed),
            "dispatch": samples(profile.dispatch),
            "stages": tuple(
                stage.model_copy(update={"blocks": tuple(map(block, stage.blocks))})
                for stage in profile.stages
            ),
        }
    )


@settings(max_examples=25)
@given(small, st.integers(0, 100))
def test_the_simulated_footprint_keeps_the_budget(profile, spare):
    budget = max(1, smallest_budget_bytes(one_block_a_chunk(profile))[0]) + spare
    made = plan(profile, budget)
    trace = simulate(made.pipeline, policy_of(made), made.budget_bytes)
    assert max(each.bytes for each in trace.footprint) <= budget
    assert made.budget_bytes <= made.asked_bytes == budget


@given(profiles(max_blocks=6, max_stages=1))
def test_joined_costs_are_those_of_the_simulator(profile):
    (stage,), (source,) = profile.stages, whole(profile, 1).stages
    for bounds in combinations(range(len(stage.blocks) + 1), 2):
        assert source.chunk(*bounds) == chunk_of(profile, stage, bounds, "v", "v")


def test_a_plan_may_hold_less_than_it_is_offered():
    blocks = [make_variant(cold=5, cached=5, compute=3)] * 3
    made = plan(make_profile((3, blocks)), 1000)
    assert (made.budget_bytes, made.offered_bytes, made.asked_bytes) == (1000, None, 1000)
    less = made.model_copy(update={"budget_bytes": 30, "offered_bytes": 1000})
    assert less.asked_bytes == 1000


def test_large_problems_are_near_the_bound_and_no_slower_than_named_policies():
    for seed, kind in enumerate(("load", "compute", "fixed", "uneven")):
        one = instance(kind, seed, (40,), (20,))
        made = plan(profile_of(one), one.budget)
        assert all(
            made.prediction.makespan_ns <= each.figures.makespan_ns
            for each in made.baselines
            if each.figures
        )
