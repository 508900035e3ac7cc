"""Runs small enough to work out on paper; each test shows its arithmetic."""

from itertools import pairwise

import pytest
from strategies import make_chunk, make_pipeline, make_stage

from devsim.core.plan import Residency
from devsim.core.stalls import stalls_by_cause
from devsim.core.trace import Kind, Trace
from devsim.policy.planned import Planned
from devsim.policy.serial import Serial
from devsim.policy.strided import strided
from devsim.simulation.simulator import simulate

AMPLE = 10_000


def times(trace: Trace, kind: Kind) -> list[tuple[int, int]]:
    """Starts and ends of a kind of activity, in order of the computes."""
    of_kind = sorted((s for s in trace.spans if s.kind is kind), key=lambda s: s.position)
    return [(span.start_ns, span.end_ns) for span in of_kind]


def planned(resident=(), window=1) -> Planned:
    return Planned((Residency(resident=tuple(resident), window=window),))


def three_chunks():
    return make_pipeline(
        make_stage(
            make_chunk("a", load=4, compute=3, unload=1),
            make_chunk("b", load=5, compute=2, unload=1),
            make_chunk("c", load=6, compute=1, unload=1),
        )
    )


def test_serial_loads_as_soon_as_the_compute_before_has_ended():
    trace = simulate(three_chunks(), Serial(), AMPLE)
    # load 0+4, compute 4+3; load 7+5, compute 12+2; load 14+6, compute 20+1
    assert times(trace, Kind.LOAD) == [(0, 4), (7, 12), (14, 20)]
    assert times(trace, Kind.COMPUTE) == [(4, 7), (12, 14), (20, 21)]
    assert times(trace, Kind.UNLOAD) == [(7, 8), (14, 15), (21, 22)]
    assert trace.makespan_ns == 21  # the last unload is after it
    # The budget had room for the next load while the last chunk was being unloaded: two chunks.
    assert trace.peak_bytes == 20


def test_serial_waits_for_the_unload_when_the_budget_holds_one_chunk():
    trace = simulate(three_chunks(), Serial(), 10)
    # each load one unload (1 ns) later than with room for two
    assert times(trace, Kind.LOAD) == [(0, 4), (8, 13), (16, 22)]
    assert trace.makespan_ns == 23
    assert trace.peak_bytes == 10
    # before compute b: 7-8 memory, 8-13 load; before c: 15-16 memory, 16-22 load
    assert stalls_by_cause(trace) == {"prologue": 4, "load": 5 + 6, "memory": 1 + 1}


@pytest.mark.parametrize(
    ("window", "loads", "computes"),
    [
        # every load in line: 2 to load, 5 to compute, three times
        (0, [(0, 2), (7, 9), (14, 16)], [(2, 7), (9, 14), (16, 21)]),
        # c's load starts when a's compute ends: from then on b is no longer ahead
        (1, [(0, 2), (2, 4), (7, 9)], [(2, 7), (7, 12), (12, 17)]),
        # c's load starts right after b's
        (2, [(0, 2), (2, 4), (4, 6)], [(2, 7), (7, 12), (12, 17)]),
    ],
)
def test_window_limits_what_is_loaded_ahead(window, loads, computes):
    chunks = [make_chunk(name, load=2, compute=5) for name in "abc"]
    trace = simulate(make_pipeline(make_stage(*chunks)), planned(window=window), AMPLE)
    assert times(trace, Kind.LOAD) == loads
    assert times(trace, Kind.COMPUTE) == computes


def test_load_says_what_it_waited_for_and_only_if_it_did():
    chunks = [
        make_chunk(name, load=load, compute=5)
        for name, load in zip("abcd", (2, 2, 10, 2), strict=True)
    ]
    trace = simulate(make_pipeline(make_stage(*chunks)), planned(), AMPLE)
    # c waits from 4 until a's compute ends at 7; d starts when c is loaded at 17 and computes
    assert times(trace, Kind.LOAD) == [(0, 2), (2, 4), (7, 17), (17, 19)]
    loads = sorted((s for s in trace.spans if s.kind is Kind.LOAD), key=lambda s: s.position)
    assert [load.waited_for for load in loads] == ["", "", "policy", ""]


def test_resident_chunk_is_loaded_once_and_released_after_its_last_compute():
    chunks = [make_chunk("a", load=4, compute=3), make_chunk("b", load=4, compute=3)]
    trace = simulate(make_pipeline(make_stage(*chunks, iterations=3)), planned({0}), AMPLE)
    # a: load 0-4, compute 4-7. b: load 4-8, compute 8-11.
    # a stays: compute 11-14 while b, in memory until 11, is loaded again 11-15; compute 15-18.
    # The same again 7 ns later: a 18-21, b loads 18-22 and computes 22-25.
    assert times(trace, Kind.LOAD) == [(0, 4), (4, 8), (11, 15), (18, 22)]
    assert times(trace, Kind.COMPUTE) == [(4, 7), (8, 11), (11, 14), (15, 18), (18, 21), (22, 25)]
    assert times(trace, Kind.UNLOAD) == [(11, 11), (18, 18), (21, 21), (25, 25)]
    assert [span.cold for span in trace.spans if span.kind is Kind.LOAD] == [1, 1, 0, 0]


def test_chunk_needed_again_waits_until_it_is_unloaded():
    chunk = make_chunk(load=4, compute=3, unload=2)
    trace = simulate(make_pipeline(make_stage(chunk, iterations=2)), planned(window=9), AMPLE)
    # load 0-4, compute 4-7, unload 7-9, load again 9-13, compute 13-16
    assert times(trace, Kind.LOAD) == [(0, 4), (9, 13)]
    assert times(trace, Kind.COMPUTE) == [(4, 7), (13, 16)]


def test_cold_load_is_paid_once_a_chunk():
    chunk = make_chunk(cold=9, load=4, compute=3)
    trace = simulate(make_pipeline(make_stage(chunk, iterations=3)), Serial(), AMPLE)
    # 9+3, then 4+3 twice
    assert trace.makespan_ns == 12 + 7 + 7


def test_load_of_the_next_stage_starts_while_the_last_stage_computes():
    first = make_stage(make_chunk("a", load=2, compute=6), name="first")
    second = make_stage(make_chunk("b", load=5, compute=1), name="second")
    none_kept = Residency(resident=(), window=1)
    trace = simulate(make_pipeline(first, second), Planned((none_kept, none_kept)), AMPLE)
    assert times(trace, Kind.LOAD) == [(0, 2), (2, 7)]
    assert times(trace, Kind.COMPUTE) == [(2, 8), (8, 9)]


def test_contention_slows_both_lanes():
    chunks = [make_chunk("a", load=100, compute=60), make_chunk("b", load=100, compute=60)]
    pipeline = make_pipeline(make_stage(*chunks), load_ppm=500_000, compute_ppm=750_000)
    trace = simulate(pipeline, planned(), AMPLE)
    # Together from 100: the compute needs 60 / 0.75 = 80 ns. By 180 the load has done 80 x 0.5 =
    # 40 of 100; alone it needs the other 60: until 240. The last compute is alone: 60 ns.
    assert times(trace, Kind.COMPUTE) == [(100, 180), (240, 300)]
    assert times(trace, Kind.LOAD) == [(0, 100), (100, 240)]


def test_contention_ends_activities_at_the_first_whole_nanosecond():
    chunks = [make_chunk("a", load=100, compute=60), make_chunk("b", load=100, compute=60)]
    pipeline = make_pipeline(make_stage(*chunks), load_ppm=300_000, compute_ppm=700_000)
    trace = simulate(pipeline, planned(), AMPLE)
    # Compute: 60 / 0.7 = 85.7, so 86 ns. By 186 the load has done 86 x 0.3 = 25.8; the other
    # 74.2 take 75 ns: until 261.
    assert times(trace, Kind.COMPUTE) == [(100, 186), (261, 321)]
    assert times(trace, Kind.LOAD) == [(0, 100), (100, 261)]


def test_compute_waits_for_the_transient_of_a_running_load():
    chunks = [
        make_chunk("a", load=1, compute=5, unload=20),
        make_chunk("b", load=1, compute=5, activation=10),
        make_chunk("c", load=10, compute=5, transient=10),
    ]
    trace = simulate(make_pipeline(make_stage(*chunks)), planned(window=2), 40)
    # a and b: 20 bytes at 2, when c's load takes 10 + 10: 40. a computes 1-6 and is on its way
    # out until 26. b needs 10 more: there when c's transient goes at 12.
    assert times(trace, Kind.LOAD) == [(0, 1), (1, 2), (2, 12)]
    assert times(trace, Kind.COMPUTE) == [(1, 6), (12, 17), (17, 22)]
    assert [s.waited_for for s in trace.spans if s.kind is Kind.COMPUTE] == ["", "memory", ""]
    assert stalls_by_cause(trace) == {"prologue": 1, "memory": 6}
    # Bytes held from each instant: a; a+b; a+b+c and c's transient, then b's activation instead;
    # at 17 b is unloaded at once, leaving a and c; at 22 c goes, at 26 a.
    assert trace.footprint == (
        (0, 10),
        (1, 20),
        (2, 40),
        (6, 40),
        (12, 40),
        (17, 20),
        (22, 10),
        (26, 0),
    )


def test_load_ahead_leaves_room_for_the_activations_before_it():
    chunks = [make_chunk("a", load=1, compute=5, activation=10), make_chunk("b", load=1, compute=1)]
    pipeline = make_pipeline(make_stage(*chunks))
    # a with its activation holds 20; b's 10 fit beside that in 30 but not in 29.
    assert times(simulate(pipeline, planned(), 30), Kind.LOAD) == [(0, 1), (1, 2)]
    assert times(simulate(pipeline, planned(), 29), Kind.LOAD) == [(0, 1), (6, 7)]


def test_no_load_starts_while_a_loaded_chunk_waits_for_memory():
    chunks = [
        make_chunk("z", load=1, compute=1, unload=30),
        make_chunk("a", load=1, compute=10, unload=40),
        make_chunk("b", load=1, compute=5, activation=20),
        make_chunk("c", resident=2, transient=8, load=100, compute=1),
    ]
    trace = simulate(make_pipeline(make_stage(*chunks)), planned(), 42)
    # At 12 a has computed; z (until 32) and a (until 52) are on their way out: 30 with b, and its
    # activation makes 50. When z is gone b may compute, 40, unless c with its 10 has come between.
    assert times(trace, Kind.COMPUTE)[:3] == [(1, 2), (2, 12), (32, 37)]
    # c's 10 fit when b's activation is gone
    assert times(trace, Kind.LOAD)[3] == (37, 137)


BLOCKS, ITERATIONS = 28, 6


def step_ns(policy, budget) -> int:
    """The steady period of a stage of 28 equal blocks that load twice as long as they compute.

    Without the first two iterations, which start empty, and the last, which releases residents.
    """
    chunks = [make_chunk(f"b{n}", load=2, compute=1) for n in range(BLOCKS)]
    pipeline = make_pipeline(make_stage(*chunks, iterations=ITERATIONS))
    policy = policy(pipeline) if callable(policy) else policy
    trace = simulate(pipeline, policy, budget)
    ends = [end for _, end in times(trace, Kind.COMPUTE)][BLOCKS - 1 :: BLOCKS]
    periods = {after - before for before, after in pairwise(ends[1:-1])}
    assert len(periods) == 1, periods
    return periods.pop()


HALF_AND_TWO_SLOTS = 10 * (BLOCKS // 2 + 2)


def test_spread_residents_hide_every_load():
    def half_spread(pipeline):
        policy = strided(pipeline, HALF_AND_TWO_SLOTS)
        assert policy.residency[0].resident == tuple(range(1, BLOCKS, 2))
        return policy

    # 28 computes of 1; 14 loads of 2 exactly beside them
    assert step_ns(half_spread, HALF_AND_TWO_SLOTS) == 28


@pytest.mark.parametrize("window", [2, 8])
def test_prefix_residents_leave_the_loader_idle_and_then_behind(window):
    # While the 14 residents compute (14), the two slots fill with the first two streamed blocks
    # and the loader stops. These compute at 14 and 15; at 15 the first slot is free, and each of
    # the other 12 blocks takes its load: block 16 computes at 17, block 27 at 39, until 40.
    assert step_ns(planned(range(BLOCKS // 2), window), HALF_AND_TWO_SLOTS) == 40


def test_prefix_residents_with_one_load_ahead():
    # Ahead of a resident that computes, a window of 1 admits one block, not two: 14 + 1 + 13 x 2
    assert step_ns(planned(range(BLOCKS // 2), 1), HALF_AND_TWO_SLOTS) == 41
