"""Every random run keeps the budget, the order and the lanes, judged from its spans alone."""

from itertools import pairwise

from drawn_runs import Shape
from hypothesis import given, settings
from reading import alone_ns, holds, phase_of, spans_of, work_done
from strategies import Run, runs

from devsim.core.stalls import find_stalls, stalls_by_cause
from devsim.core.trace import Kind
from devsim.simulation.predict import summarise
from devsim.simulation.simulator import simulate

FULL_PPM = 1_000_000


@settings(max_examples=500)
@given(runs())
def test_a_chunk_stays_loaded_throughout_its_computes(run: Run):
    stays = holds(run.pipeline, run.trace)
    for chunk_stays in stays.values():
        for before, after in pairwise(chunk_stays):
            assert before.unload.end_ns <= after.load.start_ns
    for compute in spans_of(run.trace, Kind.COMPUTE):
        serving = [
            hold
            for hold in stays[phase_of(run.pipeline, compute), compute.chunk]
            if hold.load.position <= compute.position <= hold.unload.position
        ]
        assert len(serving) == 1
        assert serving[0].load.end_ns <= compute.start_ns
        assert compute.end_ns <= serving[0].unload.start_ns


@settings(max_examples=200)
@given(runs())
def test_lanes_start_in_the_order_of_computes_and_run_no_more_than_they_may(run: Run):
    for lane, at_once in ((Kind.LOAD, run.pipeline.loaders), (Kind.COMPUTE, 1)):
        spans = spans_of(run.trace, lane)
        for before, after in pairwise(spans):
            assert before.position < after.position
            assert before.start_ns <= after.start_ns
        for span in spans:
            running = [s for s in spans if s.start_ns <= span.start_ns < s.end_ns]
            assert len(running) <= at_once


@settings(max_examples=200)
@given(runs())
def test_policy_alone_decides_what_stays_between_iterations(run: Run):
    """A chunk is loaded for a compute unless the policy kept it; its first load is cold."""
    loads = {load.position: load for load in spans_of(run.trace, Kind.LOAD)}
    seen, kept, number = set(), set(), 0  # packages, and stage and chunk numbers
    for stage_number, stage in enumerate(run.pipeline.stages):
        for iteration in range(stage.iterations):
            for chunk in range(len(stage.chunks)):
                name, packages = (stage_number, chunk), stage.package_of(stage.chunks[chunk])
                assert (number in loads) == (name not in kept)
                if number in loads:
                    assert loads[number].cold == (packages not in seen)
                seen.add(packages)
                rule = run.policy.rules(stage_number, iteration, len(stage.chunks))[chunk]
                keep = iteration + 1 < stage.iterations and rule.keep
                kept = kept | {name} if keep else kept - {name}
                number += 1
    assert kept == set()


@settings(max_examples=500)
@given(runs(Shape(speeds=(FULL_PPM,))))
def test_without_contention_everything_takes_what_it_costs(run: Run):
    for span in run.trace.spans:
        assert span.duration_ns == alone_ns(run.pipeline, span)


@settings(max_examples=300)
@given(runs())
def test_with_contention_an_activity_ends_when_its_work_is_done(run: Run):
    """Its work is its duration at full speed; its end, the first whole ns by which it is done."""
    for span in run.trace.spans:
        alone = alone_ns(run.pipeline, span)
        if span.kind is Kind.UNLOAD:
            assert span.duration_ns == alone
            continue
        assert work_done(run.pipeline, run.trace, span, span.end_ns) >= alone * FULL_PPM
        if span.duration_ns:
            before = work_done(run.pipeline, run.trace, span, span.end_ns - 1)
            assert before < alone * FULL_PPM


@settings(max_examples=200)
@given(runs())
def test_nothing_waits_without_a_reason(run: Run):
    """A load follows a load's end or start, a compute its load and the compute before it."""
    loaded = {load.position: load.end_ns for load in spans_of(run.trace, Kind.LOAD)}
    free_at = {0, *loaded.values()}
    for load in spans_of(run.trace, Kind.LOAD):
        assert load.waited_for in ("", "memory", "policy")
        assert load.waited_for or load.start_ns in free_at
        free_at.add(load.start_ns)  # on several loaders the next may have waited for its turn
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
