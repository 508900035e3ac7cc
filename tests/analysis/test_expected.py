from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import ANY, make_chunk, make_pipeline, make_stage, runs

from devsim.analysis.expected import expected_peak_bytes
from devsim.core.plan import Residency
from devsim.policy.planned import Planned
from devsim.simulation.simulator import simulate

ONE_AHEAD = Planned((Residency(resident=(), window=1),))


US = 1000


def chunk(name, resident, load=0, compute=0, unload=0, **others):
    """Durations in microseconds, beside which a sample every nanosecond misses nothing."""
    return make_chunk(
        name, resident=resident, load=load * US, compute=compute * US, unload=unload * US, **others
    )


def expected(*chunks, boundary=0, every_ns=1):
    pipeline = make_pipeline(make_stage(*chunks, boundary=boundary))
    trace = simulate(pipeline, ONE_AHEAD, 1000)
    return expected_peak_bytes(pipeline, trace, every_ns), trace.peak_bytes


def test_a_load_fills_memory_while_an_unload_empties_it():
    # a: loads 0-10, computes 10-20, leaves 20-30. b: loads 10-20, computes 20-40. c: loads 20-60.
    # At 20, a and b are held, and nothing of c: 80. By 30 a has gone and 10 of c have come: 50.
    # By 40 b starts to go and 20 of c have come: 60. The ledger has all three from 20 to 30.
    a, b = (
        chunk("a", resident=40, load=10, compute=10, unload=10),
        chunk("b", resident=40, load=10, compute=20, unload=10),
    )
    c = chunk("c", resident=40, load=40, compute=10)
    assert expected(a, b, c) == (80, 120)


def test_the_most_is_held_between_the_ends_of_two_ramps():
    # b loads 10-20 and fills 40 while a computes 10-16 and leaves 16-26: at 20, 40 and 24 are held.
    a = chunk("a", resident=40, load=10, compute=6, unload=10)
    b = chunk("b", resident=40, load=10, compute=10, unload=10)
    assert expected(a, b) == (64, 80)


def test_what_passes_counts_in_full():
    # 7 of boundary; at 14 half of b, all of a, b's transient of 5 and a's activation of 3.
    a = chunk("a", resident=40, load=10, compute=5, activation=3)
    b = chunk("b", resident=40, load=10, compute=10, transient=5)
    assert expected(a, b, boundary=7) == (7 + 40 + 20 + 5 + 3, 7 + 80 + 5 + 3)


def test_activations_rise_until_the_middle_of_a_compute():
    # b loads 10-20 while a computes 10-30: at 15, half of b and half of 12; at 20, all of both.
    a = chunk("a", resident=40, load=10, compute=20, activation=12)
    assert expected(a, chunk("b", resident=40, load=10, compute=5)) == (92, 92)
    # With a compute of 10-14 it is only 8 of b and all of 12 at 14.
    a = chunk("a", resident=40, load=10, compute=4, activation=32)
    assert expected(a, chunk("b", resident=40, load=10, compute=4)) == (40 + 16 + 32, 112)


def test_without_ramps_it_is_the_ledgers():
    a, b = chunk("a", resident=40, compute=5), chunk("b", resident=30, compute=5)
    assert expected(a, b) == (70, 70)


def test_a_peak_shorter_than_the_sampling_counts_by_its_mean():
    # As in the first case, where it was 80 at 20. From 15, the middle of a compute, to 20 it rises
    # from 60, and it falls to 65 at 25: 71.25 from 15 to 25, and 60 and 65 in the tens around.
    a, b = (
        chunk("a", resident=40, load=10, compute=10, unload=10),
        chunk("b", resident=40, load=10, compute=20, unload=10),
    )
    c = chunk("c", resident=40, load=40, compute=10)
    assert expected(a, b, c, every_ns=10 * US) == (71, 120)


def test_after_the_run_there_is_only_what_it_started_from():
    # 40 bytes from 0 to 5, of a sampling of 10; 7 of boundary at all times.
    assert expected(chunk("a", resident=40, compute=5), boundary=7, every_ns=10 * US) == (27, 47)


@settings(max_examples=200)
@given(runs(ANY), st.integers(1, 1000))
def test_it_is_never_more_than_the_ledgers(run, every_ns):
    found = expected_peak_bytes(run.pipeline, run.trace, every_ns)
    assert run.pipeline.base_bytes <= found <= run.trace.peak_bytes
