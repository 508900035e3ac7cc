"""Plans keep the budget, are worth having, and say truly what they cost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import one_block_a_chunk, whole
from strategies import make_profile, make_variant, profiles

from devsim.core.errors import BadInputError, InfeasibleBudgetError
from devsim.planner.baselines import COMPARED, hands
from devsim.planner.planner import plan
from devsim.policy.feasible import smallest_budget_bytes
from devsim.policy.named import baseline, policy_of
from devsim.simulation.predict import summarise
from devsim.simulation.simulator import simulate

cases = st.tuples(profiles(max_blocks=5, max_iterations=4, max_stages=2), st.integers(0, 150))


def smallest(profile):
    return max(1, smallest_budget_bytes(one_block_a_chunk(profile))[0])


@settings(max_examples=100)
@given(cases)
def test_plan_keeps_the_budget_and_lies_between_bound_and_baselines(case):
    profile, spare = case
    made = plan(profile, smallest(profile) + spare)
    assert made.prediction.peak_bytes <= made.budget_bytes
    assert made.prediction.makespan_ns >= made.lower_bound_ns
    assert tuple(each.policy for each in made.baselines) == COMPARED
    for each in made.baselines:
        if each.figures is not None:
            assert made.prediction.makespan_ns <= each.figures.makespan_ns


@settings(max_examples=40)
@given(cases)
def test_plan_simulates_to_its_own_prediction(case):
    profile, spare = case
    made = plan(profile, smallest(profile) + spare)
    trace = simulate(made.pipeline, policy_of(made), made.budget_bytes)
    assert summarise(trace) == made.prediction
    for each in hands(profile, whole(profile, made.asked_bytes)):
        figures = each.figures(made.asked_bytes)
        if figures is not None:
            policy = baseline(each.name, each.pipeline, made.asked_bytes)
            trace = simulate(each.pipeline, policy, made.asked_bytes)
            assert trace.makespan_ns == figures.makespan_ns
            assert trace.peak_bytes == figures.peak_bytes
            assert sum(summarise(trace).stalls_ns.values()) == figures.stall_ns
            assert _read(trace, each.pipeline) == figures.read_bytes


def _read(trace, pipeline):
    sizes = {stage.name: [c.cost.weight_bytes for c in stage.chunks] for stage in pipeline.stages}
    return sum(sizes[s.stage][s.chunk] for s in trace.spans if s.kind == "load")


@settings(max_examples=20)
@given(cases)
def test_every_block_is_in_one_chunk_in_order(case):
    profile, spare = case
    made = plan(profile, smallest(profile) + spare)
    for stage, cut in zip(profile.stages, made.pipeline.stages, strict=True):
        blocks = [name for chunk in cut.chunks for name in chunk.blocks]
        assert blocks == [block.name for block in stage.blocks]
        assert (cut.name, cut.iterations) == (stage.name, stage.iterations)


@settings(max_examples=30)
@given(profiles(max_blocks=3))
def test_smallest_budget_works_and_one_byte_less_is_refused(profile):
    need = smallest_budget_bytes(one_block_a_chunk(profile))[0]
    if need > 0:
        with pytest.raises(InfeasibleBudgetError) as refused:
            plan(profile, need - 1)
        assert refused.value.smallest_budget_bytes == need
        assert str(need) in str(refused.value)
    assert plan(profile, max(1, need)).prediction.peak_bytes <= max(1, need)


@settings(max_examples=20)
@given(cases)
def test_same_inputs_make_the_same_bytes(case):
    profile, spare = case
    budget = smallest(profile) + spare
    assert plan(profile, budget).model_dump_json() == plan(profile, budget).model_dump_json()


def test_budget_between_two_and_three_chunks_is_planned():
    # Two chunks of three can stay in the first and last iteration, not in the one between.
    made = plan(make_profile((3, [make_variant(cold=5, cached=5, compute=3)] * 3)), 20)
    assert made.prediction.peak_bytes <= 20


def test_everything_that_fits_stays_loaded():
    # 4 loads of 10 before the last compute can start; then 9 more iterations of 4 x 3.
    blocks = [make_variant(resident=10, cold=10, cached=10, compute=3) for _ in range(4)]
    made = plan(make_profile((10, blocks)), 40)
    assert made.prediction.load_busy_ns == 40
    assert made.prediction.makespan_ns == 40 + 3 + 9 * 12


def test_joined_blocks_save_the_fixed_cost_of_loads():
    # One chunk: 5 + 4 x 5 to load, 3 to dispatch + 4 x 1; four chunks pay 10 and 4 each.
    blocks = [make_variant(resident=10, cold=10, cached=10, compute=4) for _ in range(4)]
    made = plan(make_profile((1, blocks), load_fixed=9, dispatch=3), 40)
    assert made.prediction.makespan_ns <= (9 + 4 * 1) + (3 + 4 * 1)


def test_stages_are_planned_together():
    # Alone, the first stage is best in one chunk, whose second block saves its dispatch of 20:
    # 20 to load + 30 + 10 = 60, against 10 + 30 + 30 = 70. But that chunk fills the budget to its
    # end, so the second stage loads after it: 60 + 40 + 21 = 121. Block by block, that load starts
    # when the first block goes at 40: 80 + 21 = 101.
    first = [make_variant(resident=10, cold=10, cached=10, compute=30) for _ in range(2)]
    second = [make_variant(resident=10, cold=40, cached=40, compute=21)]
    made = plan(make_profile((1, first), (1, second), dispatch=20), 20)
    assert made.prediction.makespan_ns == 101
    assert [len(stage.chunks) for stage in made.pipeline.stages] == [2, 1]


def test_every_other_block_resident_reaches_the_bound():
    # 28 blocks, load twice the compute, room for half of them and two to stream: the loader works
    # without a pause, 14 x 2 units a step, where a prefix of 14 residents takes 14 + 13 x 2.
    blocks = [make_variant(resident=10, cold=20, cached=20, compute=10) for _ in range(28)]
    steps = [plan(make_profile((count, blocks)), 160) for count in (29, 30)]
    assert [made.gap for made in steps] == [0, 0]
    few, many = (made.prediction.makespan_ns for made in steps)
    assert many - few == 28 * 10


def test_iterations_asked_for_replace_the_profile_s():
    profile = make_profile((2, [make_variant(cold=1, cached=1, compute=3)]))
    made = plan(profile, 10, {"stage0": 7})
    assert made.pipeline.stages[0].iterations == 7
    assert made.prediction.compute_busy_ns == 7 * 3
    with pytest.raises(BadInputError, match="no stage 'stdit'; its stages are: stage0"):
        plan(profile, 10, {"stdit": 7})


def test_plan_is_tied_to_its_profile():
    profile = make_profile((2, [make_variant()]))
    made = plan(profile, 10)
    assert made.profile_digest == profile.digest()
    assert (made.device, made.shape) == ("paper", "none")
