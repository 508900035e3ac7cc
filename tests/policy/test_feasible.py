"""The least memory a schedule needs: enough, and not a byte more than it takes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import make_chunk, make_pipeline, make_stage, pipelines, policies

from devsim.core.errors import InfeasibleBudgetError
from devsim.core.plan import Residency
from devsim.policy.feasible import needed_bytes, require_feasible, smallest_budget_bytes
from devsim.policy.planned import Planned
from devsim.policy.serial import Serial
from devsim.simulation.simulator import simulate


def peak_of_the_most_careful_run(pipeline, policy) -> int:
    """Load only when the compute waits for it and everything that leaves has left."""
    held: dict[tuple[int, int], int] = {}
    peak = 0
    for stage_number, stage in enumerate(pipeline.stages):
        for iteration in range(stage.iterations):
            for chunk_number, chunk in enumerate(stage.chunks):
                cost, key = chunk.cost, (stage_number, chunk_number)
                if key not in held:
                    held[key] = cost.resident_bytes
                    passing = cost.carried_bytes + cost.transient_bytes
                    peak = max(peak, sum(held.values()) + passing)
                peak = max(peak, sum(held.values()) + cost.carried_bytes + cost.activation_bytes)
                rule = policy.rules(stage_number, iteration, len(stage.chunks))[chunk_number]
                if iteration + 1 == stage.iterations or not rule.keep:
                    del held[key]
    boundary = max(stage.boundary_bytes for stage in pipeline.stages)
    return pipeline.baseline_bytes + boundary + peak


@st.composite
def scheduled(draw):
    pipeline = draw(pipelines())
    return pipeline, draw(policies(pipeline))


@settings(max_examples=500)
@given(scheduled())
def test_need_is_the_peak_of_the_most_careful_run(case):
    pipeline, policy = case
    assert needed_bytes(pipeline, policy)[0] == peak_of_the_most_careful_run(pipeline, policy)


@settings(max_examples=300)
@given(scheduled())
def test_need_is_enough_and_one_byte_less_is_refused_with_it(case):
    pipeline, policy = case
    need, _ = needed_bytes(pipeline, policy)
    assert simulate(pipeline, policy, need).peak_bytes <= need
    with pytest.raises(InfeasibleBudgetError) as refused:
        simulate(pipeline, policy, need - 1)
    assert refused.value.smallest_budget_bytes == need
    assert str(need) in refused.value.fix
    assert refused.value.exit_status == 1
    assert len(str(refused.value).splitlines()) == 1


@settings(max_examples=200)
@given(scheduled())
def test_no_policy_needs_less_than_the_smallest_budget(case):
    pipeline, policy = case
    smallest, _ = smallest_budget_bytes(pipeline)
    assert smallest == needed_bytes(pipeline, Serial())[0]
    assert smallest <= needed_bytes(pipeline, policy)[0]


def two_kept_of_three(iterations):
    chunks = [make_chunk(name, resident=10, transient=2, activation=3) for name in "abc"]
    pipeline = make_pipeline(make_stage(*chunks, iterations=iterations, boundary=4), baseline=100)
    return pipeline, Planned((Residency(resident=(0, 2), window=0),))


@pytest.mark.parametrize(
    ("iterations", "need"),
    [
        (1, 104 + 10 + 3),  # nothing has to stay
        (2, 104 + 10 + 10 + 3),  # a while c is loaded; in the last iteration a goes before b comes
        (3, 104 + 10 + 10 + 10 + 3),  # b between a and c, which both stay
    ],
)
def test_need_counts_what_is_kept_at_that_time(iterations, need):
    assert needed_bytes(*two_kept_of_three(iterations))[0] == need


def test_need_names_the_chunk_that_sets_it():
    pipeline = make_pipeline(
        make_stage(make_chunk("small", resident=5), make_chunk("large", resident=9), name="stdit")
    )
    with pytest.raises(InfeasibleBudgetError, match="policy serial needs 9 B at stdit large"):
        require_feasible(pipeline, Serial(), 8)
    require_feasible(pipeline, Serial(), 9)
