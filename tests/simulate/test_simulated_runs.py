"""Every random run keeps the budget, the order and the lanes, judged from its spans alone."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from reading import alone_ns, footprint, holds, spans_of, together_ns
from strategies import Run, runs

from devsim.core.stalls import find_stalls, stalls_by_cause
from devsim.core.trace import Kind
from devsim.simulate.predict import summarise
from devsim.simulate.simulator import simulate

FULL_PPM = 1_000_000


@settings(max_examples=500)
@given(runs())
def test_footprint_keeps_the_budget_and_is_what_the_spans_hold(run: Run):
    held = footprint(run.pipeline, run.trace)
    assert max(held.values()) <= run.budget
    assert {sample.time_ns: sample.bytes for sample in run.trace.footprint} == held
    assert run.trace.peak_bytes == max(held.values())


@settings(max_examples=200)
@given(runs())
def test_every_compute_happens_once_and_in_order(run: Run):
    wanted = [
        (stage.name, iteration, number)
        for stage in run.pipeline.stages
        for iteration in range(stage.iterations)
        for number in range(len(stage.chunks))
    ]
    computes = spans_of(run.trace, Kind.COMPUTE)
    assert [(c.stage, c.iteration, c.chunk) for c in computes] == wanted
    assert [c.position for c in computes] == list(range(len(wanted)))


@settings(max_examples=500)
@given(runs())
def test_a_chunk_stays_loaded_throughout_its_computes(run: Run):
    stays = holds(run.trace)
    for chunk_stays in stays.values():
        for before, after in pairwise(chunk_stays):
            assert before.unload.end_ns <= after.load.start_ns
    for compute in spans_of(run.trace, Kind.COMPUTE):
        serving = [
            hold
            for hold in stays[compute.stage, compute.chunk]
            if hold.load.position <= compute.position <= hold.unload.position
        ]
        assert len(serving) == 1
        assert serving[0].load.end_ns <= compute.start_ns
        assert compute.end_ns <= serving[0].unload.start_ns


@settings(max_examples=200)
@given(runs())
def test_a_lane_runs_one_activity_at_a_time_in_the_order_of_computes(run: Run):
    for lane in (Kind.LOAD, Kind.COMPUTE):
        for before, after in pairwise(spans_of(run.trace, lane)):
            assert before.position < after.position
            assert before.end_ns <= after.start_ns


@settings(max_examples=200)
@given(runs())
def test_policy_alone_decides_what_stays_between_iterations(run: Run):
    """A chunk is loaded for a compute unless the policy kept it; its first load is cold."""
    loads = {load.position: load for load in spans_of(run.trace, Kind.LOAD)}
    seen, kept, number = set(), set(), 0
    for stage_number, stage in enumerate(run.pipeline.stages):
        for iteration in range(stage.iterations):
            for chunk in range(len(stage.chunks)):
                name = stage.name, chunk
                assert (number in loads) == (name not in kept)
                if number in loads:
                    assert loads[number].cold == (name not in seen)
                seen.add(name)
                rule = run.policy.rules(stage_number, iteration, len(stage.chunks))[chunk]
                keep = iteration + 1 < stage.iterations and rule.keep
                kept = kept | {name} if keep else kept - {name}
                number += 1
    assert kept == set()


@settings(max_examples=500)
@given(runs(speeds=st.just(FULL_PPM)))
def test_without_contention_everything_takes_what_it_costs(run: Run):
    for span in run.trace.spans:
        assert span.duration_ns == alone_ns(run.pipeline, span)


@settings(max_examples=500)
@given(runs())
def test_with_contention_an_activity_ends_when_its_work_is_done(run: Run):
    """Work in ppm-ns is contended speed x time beside the other lane + full speed x the rest."""
    speeds = run.pipeline.contended
    lanes = {Kind.LOAD: speeds.load_ppm, Kind.COMPUTE: speeds.compute_ppm}
    for lane, other in ((Kind.LOAD, Kind.COMPUTE), (Kind.COMPUTE, Kind.LOAD)):
        others = spans_of(run.trace, other)
        for span in spans_of(run.trace, lane):
            work = alone_ns(run.pipeline, span) * FULL_PPM

            def done_by(time_ns, span=span, lane=lane, others=others):
                beside = together_ns(span, others, time_ns)
                return beside * lanes[lane] + (time_ns - span.start_ns - beside) * FULL_PPM

            assert done_by(span.end_ns) >= work
            assert span.duration_ns == 0 or done_by(span.end_ns - 1) < work
    for unload in spans_of(run.trace, Kind.UNLOAD):
        assert unload.duration_ns == alone_ns(run.pipeline, unload)


@settings(max_examples=200)
@given(runs())
def test_nothing_waits_without_a_reason(run: Run):
    """A load follows the load before it, a compute its load and the compute before it."""
    loaded = {load.position: load.end_ns for load in spans_of(run.trace, Kind.LOAD)}
    free_at = 0
    for load in spans_of(run.trace, Kind.LOAD):
        assert load.waited_for in ("", "memory", "policy")
        assert load.waited_for or load.start_ns == free_at
        free_at = load.end_ns
    free_at = 0
    for compute in spans_of(run.trace, Kind.COMPUTE):
        assert compute.waited_for in ("", "memory")
        ready_at = max(free_at, loaded.get(compute.position, 0))
        assert compute.waited_for or compute.start_ns == ready_at
        free_at = compute.end_ns


@settings(max_examples=500)
@given(runs())
def test_stalls_and_computes_add_up_to_the_makespan(run: Run):
    computes = spans_of(run.trace, Kind.COMPUTE)
    stalls = find_stalls(run.trace)
    busy_ns = sum(span.duration_ns for span in computes)
    assert sum(stall.duration_ns for stall in stalls) + busy_ns == computes[-1].end_ns
    assert all(stall.duration_ns > 0 for stall in stalls)
    pieces = sorted([(s.start_ns, s.end_ns) for s in (*stalls, *computes)])
    assert all(end <= start for (_, end), (start, _) in pairwise(pieces))
    prediction = summarise(run.trace)
    assert prediction.stalls_ns == stalls_by_cause(run.trace)
    assert prediction.makespan_ns == sum(prediction.stalls_ns.values()) + busy_ns
    assert prediction.compute_busy_ns == busy_ns


@settings(max_examples=100)
@given(runs())
def test_same_run_twice_is_the_same_trace(run: Run):
    assert simulate(run.pipeline, run.policy, run.budget) == run.trace
