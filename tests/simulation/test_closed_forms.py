"""Runs whose end a formula gives, to the nanosecond, in both engines."""

from fractions import Fraction
from math import ceil

from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import make_chunk, make_pipeline, make_stage

from devsim.core.plan import Residency
from devsim.policy.planned import Planned
from devsim.simulation.evaluate import evaluate
from devsim.simulation.simulator import simulate

DURATIONS = st.integers(1, 10**12)
SPEEDS = st.integers(1, 10**6)


@settings(max_examples=500)
@given(DURATIONS, DURATIONS, SPEEDS, SPEEDS)
def test_a_load_and_a_compute_that_slow_each_other(load_ns, compute_ns, load_ppm, compute_ppm):
    """Both start at 0. Whichever is done first, at its slowed speed, ends at that nanosecond.

    What is left of the other then goes on at full speed.
    """
    slowed_load = Fraction(load_ns * 10**6, load_ppm)
    slowed_compute = Fraction(compute_ns * 10**6, compute_ppm)
    first_ns = ceil(min(slowed_load, slowed_compute))
    left_load = max(0, load_ns - first_ns * Fraction(load_ppm, 10**6))
    left_compute = max(0, compute_ns - first_ns * Fraction(compute_ppm, 10**6))
    load_end_ns = first_ns + ceil(left_load)
    compute_end_ns = first_ns + ceil(left_compute)
    chunks = [make_chunk("a", compute=compute_ns), make_chunk("b", load=load_ns)]
    pipeline = make_pipeline(make_stage(*chunks), load_ppm=load_ppm, compute_ppm=compute_ppm)
    policy = Planned((Residency(resident=(), window=1),))
    trace = simulate(pipeline, policy, 20)
    ends = {(span.kind, span.name): span.end_ns for span in trace.spans}
    assert ends["compute", "a"] == compute_end_ns
    assert ends["load", "b"] == load_end_ns
    assert trace.makespan_ns == max(load_end_ns, compute_end_ns)
    assert evaluate(pipeline, policy, 20).makespan_ns == trace.makespan_ns


@settings(max_examples=200)
@given(st.integers(1, 6), st.integers(1, 40), DURATIONS, DURATIONS, DURATIONS)
def test_serial_takes_every_load_and_every_compute(
    chunks, iterations, cold_ns, load_ns, compute_ns
):
    made = [
        make_chunk(f"b{n}", cold=cold_ns, load=load_ns, compute=compute_ns) for n in range(chunks)
    ]
    pipeline = make_pipeline(make_stage(*made, iterations=iterations))
    policy = Planned((Residency(resident=(), window=0),))
    expected_ns = chunks * (cold_ns + (iterations - 1) * load_ns + iterations * compute_ns)
    assert evaluate(pipeline, policy, 1000).makespan_ns == expected_ns
    assert simulate(pipeline, policy, 1000).makespan_ns == expected_ns
