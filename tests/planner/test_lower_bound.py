"""The bound holds against every schedule of small profiles, and is tight where it can be."""

from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import best_makespan_ns, one_block_a_chunk, whole
from strategies import make_profile, make_variant, profiles

from devsim.planner.bound import lower_bound_ns
from devsim.policy.feasible import smallest_budget_bytes


def bound(profile, budget):
    return lower_bound_ns(whole(profile, budget))


@settings(max_examples=150)
@given(profiles(max_blocks=4, max_stages=1), st.integers(0, 100))
def test_no_schedule_beats_the_bound(profile, spare):
    budget = smallest_budget_bytes(one_block_a_chunk(profile))[0] + spare
    assert bound(profile, budget) <= best_makespan_ns(profile, budget)


@settings(max_examples=50)
@given(profiles(max_blocks=2, max_stages=2), st.integers(0, 60))
def test_no_schedule_of_two_stages_beats_the_bound(profile, spare):
    budget = smallest_budget_bytes(one_block_a_chunk(profile))[0] + spare
    assert bound(profile, budget) <= best_makespan_ns(profile, budget)


def test_compute_bound_by_hand():
    # First load 7, then 3 iterations of 20 + 30, in chunks that save one dispatch of 4 each.
    blocks = [make_variant(cold=7, cached=1, compute=compute) for compute in (20, 30)]
    profile = make_profile((3, blocks), dispatch=4)
    assert bound(profile, 1000) == 7 + 3 * (20 + 26)


def test_load_bound_by_hand():
    # Room for 10 of 20 bytes. Cold: 50 + 50; then twice 40 + 40, for nothing can stay beside a
    # compute of the other block. Nor can anything load beside one: 2 + 2 of the 6 computes count,
    # those between a load and a later one whatever stays, and the last, which waits for its load.
    blocks = [make_variant(resident=10, cold=50, cached=40, compute=1) for _ in range(2)]
    assert bound(make_profile((3, blocks)), 10) == 100 + 2 * 80 + 4 + 1
    # Room for one and a half: beside each block's compute there is room for half of the other.
    assert bound(make_profile((3, blocks)), 15) == 100 + 2 * 40 + 4 + 1
    # The baseline and the boundary tensors take room.
    assert bound(make_profile((3, blocks), baseline=3, boundary=2), 20) == 100 + 2 * 40 + 4 + 1
    # Both fit: they load once, then 5 of the 6 computes are left.
    assert bound(make_profile((3, blocks)), 20) == 100 + 5


def test_load_bound_counts_the_fixed_cost_of_chunks_that_fit():
    # As above: no chunk of two blocks fits, so every load pays its fixed cost in full.
    blocks = [make_variant(resident=10, cold=50, cached=40, compute=1) for _ in range(2)]
    assert bound(make_profile((3, blocks), load_fixed=4), 10) == 100 + 2 * 80 + 4 + 1
    # One pass, room for half of the blocks: two chunks at least, so two fixed costs of 4.
    blocks = [make_variant(resident=10, cold=50, cached=40, compute=0) for _ in range(4)]
    assert bound(make_profile((1, blocks), load_fixed=4), 20) == 4 * 46 + 2 * 4


def test_load_bound_keeps_first_what_loads_slowest_a_byte():
    blocks = [
        make_variant(resident=10, cold=60, cached=60, compute=1),
        make_variant(resident=20, cold=80, cached=80, compute=1),
    ]
    # 140 cold. Room for 20: over the border, the larger computes with nothing beside it and the
    # smaller with 10 to spare. So together 10 stay if neither leaves room for a load (2 x 1);
    # 60 / 10 B beats 80 / 20 B, so that is the first block. Then the last compute.
    assert bound(make_profile((2, blocks)), 20) == 140 + 80 + 2 + 1


def test_blocks_without_bytes_cost_no_room():
    blocks = [
        make_variant(resident=10, cold=100, cached=100, compute=1),
        make_variant(resident=0, cold=5, cached=5, compute=1),
    ]
    profile = make_profile((3, blocks))
    # Both load once; the first of the six computes hides behind the second load.
    assert bound(profile, 10) == 100 + 5 + 5 == best_makespan_ns(profile, 10)
