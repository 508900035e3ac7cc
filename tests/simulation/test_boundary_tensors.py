"""Tensors that blocks make for later ones count once, while they are alive."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import make_chunk, make_pipeline, make_profile, make_stage, make_variant
from strategies import profiles as drawn_profiles

from devsim.core.pipeline import Pipeline
from devsim.core.plan import Residency
from devsim.core.profile import BoundaryTensor, StageProfile
from devsim.policy.feasible import needed_bytes
from devsim.policy.planned import Planned
from devsim.policy.serial import Serial
from devsim.simulation.costs import chunk_of, held_by
from devsim.simulation.evaluate import evaluate
from devsim.simulation.simulator import simulate

AMPLE = 10**9

# A U-Net of four blocks. 0 makes a skip of 5 for block 3 and 5 for block 1; 1 makes 3 for block 2;
# 2 makes 4 for block 3. Each block's activations have in them what it makes.
TENSORS = [
    BoundaryTensor(bytes=5, made_by=0, taken_until=3),
    BoundaryTensor(bytes=5, made_by=0, taken_until=1),
    BoundaryTensor(bytes=3, made_by=1, taken_until=2),
    BoundaryTensor(bytes=4, made_by=2, taken_until=3),
]
ACTIVATIONS = [12, 6, 7, 8]


@pytest.mark.parametrize(
    ("start", "end", "carried", "activation"),
    [
        (0, 1, 0, 12),
        (1, 2, 10, 6),
        (2, 3, 5 + 3, 7),
        (3, 4, 5 + 4, 8),
        (0, 2, 0, 10 + 6),  # the second beside what the first made
        (1, 3, 10, 3 + 7),  # what block 1 was given stays until block 2 has computed
        (2, 4, 8, 4 + 8),
        (0, 4, 0, 5 + 4 + 8),  # at block 3: the skip, and what block 2 made
    ],
)
def test_what_a_chunk_is_given_and_what_it_adds(start, end, carried, activation):
    assert held_by(TENSORS, start, ACTIVATIONS[start:end]) == (carried, activation)


def test_activations_are_at_least_what_a_block_makes():
    """A block whose outputs fit into memory that was free already is measured with less."""
    assert held_by(TENSORS, 0, [7]) == (0, 10)


def unet(*, iterations=1) -> Pipeline:
    chunks = [
        make_chunk(f"b{n}", resident=10, load=2, compute=4, carried=carried, activation=activation)
        for n, (carried, activation) in enumerate([(0, 12), (10, 6), (8, 7), (9, 8)])
    ]
    return make_pipeline(make_stage(*chunks, iterations=iterations, boundary=1), baseline=100)


def test_memory_over_a_run_one_chunk_after_another():
    trace = simulate(unet(), Serial(), AMPLE)
    # Each loads for 2 and computes for 4. Between computes, what the next one is given.
    assert [(at, held - 101) for at, held in trace.footprint] == [
        (0, 10),
        (2, 10 + 12),
        (6, 10 + 10),
        (8, 10 + 10 + 6),
        (12, 8 + 10),
        (14, 8 + 10 + 7),
        (18, 9 + 10),
        (20, 9 + 10 + 8),
        (24, 0),
    ]
    assert evaluate(unet(), Serial(), AMPLE).peak_bytes == trace.peak_bytes == 101 + 27


def test_the_largest_tensors_and_the_largest_chunk_need_not_meet():
    """Weights are many where tensors are small, as in a decoder that grows its image."""
    deep = make_chunk("deep", resident=100, load=1, compute=1, activation=4)
    wide = make_chunk("wide", resident=1, load=1, compute=1, carried=4, activation=90)
    pipeline = make_pipeline(make_stage(deep, wide))
    assert needed_bytes(pipeline, Serial())[0] == 104
    assert simulate(pipeline, Serial(), 104).peak_bytes == 104


@pytest.mark.parametrize(
    ("budget", "loads"),
    [
        (55, [0, 1, 2]),  # all three, and b's compute: what a left and its own 5
        (54, [0, 1, 10]),  # c once a has gone, beside b and its 25
        (45, [0, 1, 10]),  # b beside a, though only b's own compute needs as much
        (44, [0, 10, 20]),  # b once a has gone, and c once b has computed
    ],
)
def test_a_load_leaves_room_for_what_computes_are_given(budget, loads):
    a = make_chunk("a", resident=10, load=1, compute=9, activation=20)
    b = make_chunk("b", resident=10, load=1, compute=9, activation=5, carried=20)
    c = make_chunk("c", resident=10, load=1, compute=9)
    pipeline = make_pipeline(make_stage(a, b, c))
    ahead = Planned((Residency(resident=(), window=9),))
    trace = simulate(pipeline, ahead, budget)
    assert [span.start_ns for span in trace.spans if span.kind == "load"] == loads
    assert trace.peak_bytes <= budget
    assert evaluate(pipeline, ahead, budget).makespan_ns == trace.makespan_ns


def test_an_iteration_begins_with_the_inputs_alone():
    held = dict(simulate(unet(iterations=3), Serial(), AMPLE).footprint)
    assert held[24] == held[48] == 101 + 10  # b0 loads, nothing is carried


def alive(stage: StageProfile, block: int) -> int:
    """Bytes made before a block that it or a later one takes, tensor by tensor."""
    made = [tensor for tensor in stage.tensors if tensor.made_by < block]
    return sum(tensor.bytes for tensor in made if tensor.taken_until >= block)


@settings(max_examples=200)
@given(drawn_profiles(max_blocks=6, max_stages=1), st.integers(0, 2**30))
def test_no_chunk_holds_less_than_its_blocks_one_by_one(profile, seed):
    (stage,) = profile.stages
    count = len(stage.blocks)
    ends = [n + 1 for n in range(count) if n == count - 1 or seed >> n & 1]
    for start, end in zip([0, *ends], ends, strict=False):
        cost = chunk_of(profile, stage, (start, end), "v").cost
        assert cost.carried_bytes == alive(stage, start)
        for block in range(start, end):
            own = stage.blocks[block].variants["v"].activation_bytes.bytes
            assert cost.working_bytes >= alive(stage, block) + own
        assert cost.working_bytes >= alive(stage, end)


def test_a_plan_that_carries_what_nothing_made_is_refused():
    given = make_chunk("b", carried=8)
    with pytest.raises(ValueError, match="carries 8 bytes, but the compute before it holds 7"):
        make_pipeline(make_stage(make_chunk("a", activation=7), given))


def test_a_tensor_taken_before_it_is_made_is_refused():
    with pytest.raises(ValueError, match="made by block 1 and taken until 1 of 2 blocks"):
        make_profile(
            (1, [make_variant(), make_variant()]),
            tensors={0: (BoundaryTensor(bytes=1, made_by=1, taken_until=1),)},
        )
