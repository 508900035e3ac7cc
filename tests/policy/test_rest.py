import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import make_chunk, make_pipeline, make_stage, pipelines, policies

from devsim.core.errors import InfeasibleBudgetError
from devsim.core.plan import Residency
from devsim.core.trace import Kind
from devsim.policy.feasible import needed_bytes, smallest_budget_bytes
from devsim.policy.order import positions
from devsim.policy.planned import Planned
from devsim.policy.rest import rest_of
from devsim.simulation.simulator import simulate

PIPELINE = make_pipeline(
    make_stage(
        *[make_chunk(f"b{n}", resident=10, load=3, compute=5) for n in range(4)], iterations=3
    )
)
POLICY = Planned((Residency(resident=(0, 1, 2), window=1),))


def computes(trace):
    return [(s.stage, s.iteration, s.name) for s in trace.spans if s.kind is Kind.COMPUTE]


@given(st.data())
def test_the_rest_computes_what_was_left_in_order(data):
    pipeline = data.draw(pipelines())
    policy = data.draw(policies(pipeline))
    order = positions(pipeline)
    done = data.draw(st.integers(0, len(order) - 1))
    budget = max(1, smallest_budget_bytes(pipeline)[0]) + data.draw(st.integers(0, 100))
    rest, less = rest_of(pipeline, policy, done, budget)
    whole = [
        (stage.name, stage.first_iteration + at.iteration, stage.chunks[at.chunk].name)
        for at in order
        for stage in [pipeline.stages[at.stage]]
    ]
    trace = simulate(rest, less, budget)
    assert computes(trace) == whole[done:]
    assert trace.peak_bytes <= budget


def test_as_much_is_kept_as_fits():
    # three residents and the streamed chunk hold 40; of 30, one resident has to go: the last
    assert needed_bytes(PIPELINE, POLICY)[0] == 40
    rest, less = rest_of(PIPELINE, POLICY, 4, 30)
    assert [rule.keep for rule in less.rules(0, 0, 4)] == [True, True, False, False]
    assert [stage.iterations for stage in rest.stages] == [2]


def test_an_iteration_that_has_begun_is_left_with_its_last_chunks():
    rest, _ = rest_of(PIPELINE, POLICY, 6, 40)
    assert [len(stage.chunks) for stage in rest.stages] == [2, 4]
    assert [stage.first_iteration for stage in rest.stages] == [1, 2]


def test_a_budget_below_any_chunk_is_refused():
    with pytest.raises(InfeasibleBudgetError):
        rest_of(PIPELINE, POLICY, 1, 9)
