from hypothesis import given, settings
from strategies import ANY, make_chunk, make_pipeline, make_stage, runs

from devsim.core.plan import Residency
from devsim.policy.planned import Planned
from devsim.replay.expected import expected_peak_bytes
from devsim.simulate.simulator import simulate

ONE_AHEAD = Planned((Residency(resident=(), window=1),))


def expected(*chunks, boundary=0):
    pipeline = make_pipeline(make_stage(*chunks, boundary=boundary))
    trace = simulate(pipeline, ONE_AHEAD, 1000)
    return expected_peak_bytes(pipeline, trace), trace.peak_bytes


def test_a_load_fills_memory_while_an_unload_empties_it():
    # a: loads 0-10, computes 10-20, leaves 20-30. b: loads 10-20, computes 20-40. c: loads 20-60.
    # At 20, a and b are held, and nothing of c: 80. By 30 a has gone and 10 of c have come: 50.
    # By 40 b starts to go and 20 of c have come: 60. The ledger has all three from 20 to 30.
    a, b = (
        make_chunk("a", resident=40, load=10, compute=10, unload=10),
        make_chunk("b", resident=40, load=10, compute=20, unload=10),
    )
    c = make_chunk("c", resident=40, load=40, compute=10)
    assert expected(a, b, c) == (80, 120)


def test_the_most_is_held_between_the_ends_of_two_ramps():
    # b loads 10-20 and fills 40 while a computes 10-16 and leaves 16-26: at 20, 40 and 24 are held.
    a = make_chunk("a", resident=40, load=10, compute=6, unload=10)
    b = make_chunk("b", resident=40, load=10, compute=10, unload=10)
    assert expected(a, b) == (64, 80)


def test_what_passes_counts_in_full():
    # 7 of boundary; at 14 half of b, all of a, b's transient of 5 and a's activation of 3.
    a = make_chunk("a", resident=40, load=10, compute=5, activation=3)
    b = make_chunk("b", resident=40, load=10, compute=10, transient=5)
    assert expected(a, b, boundary=7) == (7 + 40 + 20 + 5 + 3, 7 + 80 + 5 + 3)


def test_without_ramps_it_is_the_ledgers():
    a, b = make_chunk("a", resident=40, compute=5), make_chunk("b", resident=30, compute=5)
    assert expected(a, b) == (70, 70)


@settings(max_examples=200)
@given(runs(ANY))
def test_it_is_never_more_than_the_ledgers(run):
    trace = run.trace
    assert run.pipeline.base_bytes <= expected_peak_bytes(run.pipeline, trace) <= trace.peak_bytes
