"""What a chunk of several blocks costs."""

from strategies import make_profile, make_variant

from devsim.core.profile import Contention
from devsim.simulation.costs import chunk_of, lane_speeds


def joined(*blocks, load_fixed=0, dispatch=0):
    profile = make_profile((1, list(blocks)), load_fixed=load_fixed, dispatch=dispatch)
    return chunk_of(profile, profile.stages[0], (0, len(blocks)), "v")


def test_one_block_costs_what_it_costs():
    block = make_variant(
        resident=7, transient=5, activation=4, cold=90, cached=30, unload=2, compute=20
    )
    chunk = joined(block, load_fixed=10, dispatch=3)
    assert chunk.name == "b0"
    assert tuple(dict(chunk.cost).values()) == (7, 7, 5, 4, 0, 90, 30, 2, 20)


def test_joined_blocks_pay_what_is_paid_once_only_once():
    blocks = [
        make_variant(
            resident=7, transient=5, activation=4, cold=90, cached=30, unload=2, compute=20
        ),
        make_variant(
            resident=8, transient=1, activation=6, cold=70, cached=25, unload=1, compute=2
        ),
    ]
    chunk = joined(*blocks, load_fixed=10, dispatch=3)
    assert chunk.name == "b0..b1"
    assert chunk.cost.resident_bytes == chunk.cost.weight_bytes == 7 + 8
    assert chunk.cost.transient_bytes == 5 + 1
    assert chunk.cost.activation_bytes == 6  # of the larger: they compute one after another
    assert chunk.cost.cold_load_ns == 90 + (70 - 10)
    assert chunk.cost.cached_load_ns == 30 + (25 - 10)
    assert chunk.cost.unload_ns == 2 + 1
    assert chunk.cost.compute_ns == 20 + 0  # the second takes less than a dispatch


def test_slowdowns_become_speeds():
    speeds = lane_speeds(Contention(load_slowdown=1.25, compute_slowdown=3, source="made"))
    # 1 / 1.25 = 0.8; 1 / 3 = 0.333333 to the millionth
    assert (speeds.load_ppm, speeds.compute_ppm) == (800_000, 333_333)


def test_every_slowdown_that_a_profile_may_have_is_a_speed():
    speeds = lane_speeds(Contention(load_slowdown=1, compute_slowdown=1_000_000, source="made"))
    assert (speeds.load_ppm, speeds.compute_ppm) == (1_000_000, 1)
