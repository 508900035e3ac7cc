"""Spreading, ``strided``, and policies by name."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import make_chunk, make_pipeline, make_stage, pipelines

from devsim.core.errors import BadInputError
from devsim.policy.feasible import needed_bytes
from devsim.policy.named import BASELINES, baseline
from devsim.policy.planned import spread
from devsim.policy.serial import Serial
from devsim.policy.strided import strided


@given(st.integers(1, 200).flatmap(lambda of: st.tuples(st.integers(1, of), st.just(of))))
def test_spread_is_even_around_the_iteration(case):
    count, of = case
    numbers = spread(count, of)
    assert len(numbers) == count
    assert numbers[0] >= 0
    assert numbers[-1] < of
    gaps = [after - before for before, after in pairwise(numbers)]
    gaps.append(numbers[0] + of - numbers[-1])  # over to the next iteration
    assert min(gaps) >= 1
    assert max(gaps) - min(gaps) <= 1


@pytest.mark.parametrize(
    ("count", "of", "expected"),
    [(1, 4, (2,)), (2, 4, (1, 3)), (2, 3, (0, 2)), (3, 3, (0, 1, 2)), (14, 28, range(1, 28, 2))],
)
def test_spread_by_hand(count, of, expected):
    assert spread(count, of) == tuple(expected)


@pytest.mark.parametrize(
    ("budget", "resident"),
    [
        # base 5; of four chunks of 10, the kept and two streamed ones, transient 2, activation 3
        (5 + 40 + 5, (0, 1, 2, 3)),  # all kept, none streamed
        (5 + 40 + 4, (2,)),  # three or two kept hold the same 40 + 5; one holds 10 + 20 + 5
        (5 + 35, (2,)),
        (5 + 34, ()),
    ],
)
def test_strided_keeps_what_leaves_two_slots(budget, resident):
    chunks = [make_chunk(resident=10, transient=2, activation=3) for _ in range(4)]
    pipeline = make_pipeline(make_stage(*chunks, iterations=2), baseline=5)
    assert strided(pipeline, budget).residency[0].resident == resident


@given(pipelines(), st.integers(0, 300))
def test_strided_never_keeps_itself_from_running(pipeline, spare):
    budget = needed_bytes(pipeline, Serial())[0] + spare
    assert needed_bytes(pipeline, strided(pipeline, budget))[0] <= budget


def test_baselines_are_found_by_name():
    pipeline = make_pipeline(make_stage(make_chunk()))
    assert [baseline(name, pipeline, 100).name for name in BASELINES] == list(BASELINES)
    with pytest.raises(BadInputError, match="unknown policy 'greedy'; use one of: serial, on-"):
        baseline("greedy", pipeline, 100)
