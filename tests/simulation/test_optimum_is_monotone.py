"""More budget, faster loads or more bandwidth never make the best schedule slower.

One plan may get slower: a load that starts earlier can slow a compute down, or hold its transient
when the compute's activations want the room. Two statements hold, and are tested:

- Where nothing passes (transients, activations, boundary tensors) every start is the latest of some
  ends. So there no plan gets slower when nothing slows (contention) either, or when what slowed no
  longer does.
- The best over plans does not get slower, if a plan may also do with less than there is: a smaller
  budget, or activities that take as long as before. What was possible then stays among the choices,
  and is as fast. Here it is checked that it does stay possible: the old best keeps the new budget,
  and at the new rates everything is done by when it was.
"""

from itertools import product

from drawn_runs import SPEEDS, Bytes, Shape, a_pipeline
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from reading import alone_ns, work_done

from devsim.core.errors import InfeasibleBudgetError
from devsim.core.pipeline import Chunk, LaneSpeeds, Pipeline, Stage
from devsim.core.plan import Residency
from devsim.core.trace import Kind, Trace
from devsim.policy.feasible import needed_bytes, smallest_budget_bytes
from devsim.policy.planned import Planned
from devsim.simulation.durations import Durations
from devsim.simulation.evaluate import Evaluator, evaluate
from devsim.simulation.simulator import simulate

SMALL = Shape(max_chunks=3, max_iterations=3, loaders=(1,))
NOTHING_SLOWS = Shape(max_chunks=6, max_iterations=5, loaders=(1,), speeds=(1_000_000,))
SLOWED = NOTHING_SLOWS._replace(speeds=SPEEDS)
WINDOWS = (0, 1, 3)
PASSING = ("transient_bytes", "activation_bytes", "carried_bytes")
DRAWN = st.binary(min_size=150, max_size=150)


def with_costs(pipeline: Pipeline, change) -> Pipeline:
    """The pipeline with other costs of every chunk: ``change`` maps a cost to what differs."""

    def chunk(old: Chunk) -> Chunk:
        return old.model_copy(update={"cost": old.cost.model_copy(update=change(old.cost))})

    def stage(old: Stage) -> Stage:
        return old.model_copy(update={"chunks": tuple(map(chunk, old.chunks))})

    return pipeline.model_copy(update={"stages": tuple(map(stage, pipeline.stages))})


def faster(pipeline: Pipeline, percent: int) -> Pipeline:
    """Loads that take so many percent of their time."""
    return with_costs(
        pipeline,
        lambda cost: {
            "cold_load_ns": cost.cold_load_ns * percent // 100,
            "cached_load_ns": cost.cached_load_ns * percent // 100,
        },
    )


def with_speeds(pipeline: Pipeline, more_ppm: int) -> Pipeline:
    """The pipeline with every speed beside others higher by so much, up to full speed."""

    def wider(old: LaneSpeeds) -> LaneSpeeds:
        return LaneSpeeds(**{name: min(1_000_000, ppm + more_ppm) for name, ppm in old})

    units = {unit: wider(speeds) for unit, speeds in pipeline.units.items()}
    return pipeline.model_copy(update={"contended": wider(pipeline.contended), "units": units})


def masked(pipeline: Pipeline, mask: int, window: int) -> Planned:
    """Keeps the chunks whose bit is set, in every stage."""
    kept = [
        tuple(n for n in range(len(stage.chunks)) if mask >> n & 1) for stage in pipeline.stages
    ]
    return Planned(tuple(Residency(resident=chunks, window=window) for chunks in kept))


@examples(500)
@given(DRAWN, st.integers(0, 255), st.integers(0, 3), st.integers(0, 60), st.integers(0, 100))
def test_no_plan_gets_slower_where_nothing_passes_and_nothing_slows(
    data, mask, window, more, percent
):
    drawn = a_pipeline(Bytes(data), NOTHING_SLOWS)
    pipeline = with_costs(drawn, lambda _: dict.fromkeys(PASSING, 0))
    policy = masked(pipeline, mask, window)
    budget = sum(chunk.cost.resident_bytes for s in pipeline.stages for chunk in s.chunks) // 2
    budget += pipeline.base_bytes + 1
    try:
        before = evaluate(pipeline, policy, budget)
    except InfeasibleBudgetError as error:
        budget = error.smallest_budget_bytes
        before = evaluate(pipeline, policy, budget)
    assert evaluate(pipeline, policy, budget + more).makespan_ns <= before.makespan_ns
    quicker = faster(pipeline, percent)
    assert evaluate(quicker, policy, budget).makespan_ns <= before.makespan_ns


@examples(500)
@given(DRAWN, st.integers(0, 255), st.integers(0, 3))
def test_no_plan_gets_faster_by_contention_where_nothing_passes(data, mask, window):
    drawn = a_pipeline(Bytes(data), SLOWED)
    pipeline = with_costs(drawn, lambda _: dict.fromkeys(PASSING, 0))
    policy = masked(pipeline, mask, window)
    budget = max(1, needed_bytes(pipeline, policy)[0]) + mask % 16
    contended = evaluate(pipeline, policy, budget)
    alone = evaluate(with_speeds(pipeline, 1_000_000), policy, budget)
    assert alone.makespan_ns <= contended.makespan_ns


@examples(60)
@given(DRAWN, st.integers(0, 1_000_000), st.integers(0, 100))
def test_the_best_plan_does_not_get_slower_with_more_bandwidth(data, more_ppm, percent):
    """The old best is still there: at the new rates it is done in time, if it takes its time."""
    pipeline = a_pipeline(Bytes(data), SMALL)
    budget = max(1, smallest_budget_bytes(pipeline)[0])
    before_ns, policy, used = best(pipeline, [budget])
    trace = simulate(pipeline, policy, used)
    assert trace.makespan_ns == before_ns
    wider = faster(with_speeds(pipeline, more_ppm), percent)
    for span in trace.spans:
        if span.kind is not Kind.UNLOAD:
            done = work_done(wider, trace, span, span.end_ns)
            assert done >= alone_ns(wider, span) * 1_000_000
    again = Evaluator(with_speeds(pipeline, 1_000_000)).evaluate(policy, used, taken(trace))
    after_ns = min(best(wider, [budget])[0], again.makespan_ns)
    assert (again.makespan_ns, after_ns <= before_ns) == (before_ns, True)


def taken(trace: Trace) -> Durations:
    """How long everything took; 0 for what was not loaded or unloaded."""
    took = {
        kind: {span.position: span.duration_ns for span in trace.spans if span.kind is kind}
        for kind in Kind
    }
    count = len(took[Kind.COMPUTE])
    by_kind = [took[Kind.LOAD], took[Kind.COMPUTE], took[Kind.UNLOAD]]
    return Durations(*([each.get(number, 0) for number in range(count)] for each in by_kind))


def every_plan(pipeline: Pipeline):
    """Every resident set and a few windows of the first stage; the others streamed."""
    first = pipeline.stages[0]
    rest = (Residency(resident=(), window=1),) * (len(pipeline.stages) - 1)
    masks = range(2 ** len(first.chunks) if first.iterations > 1 else 1)
    for mask, window in product(masks, WINDOWS):
        kept = tuple(n for n in range(len(first.chunks)) if mask >> n & 1)
        yield Planned((Residency(resident=kept, window=window), *rest))


def best(pipeline: Pipeline, budgets: list[int]) -> tuple[int, Planned, int]:
    """The shortest makespan, the plan, and how much of the budget it uses."""
    evaluator = Evaluator(pipeline)
    found = []
    for number, (policy, budget) in enumerate(product(every_plan(pipeline), budgets)):
        try:
            makespan_ns = evaluator.evaluate(policy, budget).makespan_ns
        except InfeasibleBudgetError:
            continue
        found.append((makespan_ns, number, policy, budget))
    makespan_ns, _, policy, budget = min(found, key=lambda each: each[:2])
    return makespan_ns, policy, budget


@examples(60)
@given(DRAWN, st.integers(1, 60))
def test_the_best_plan_does_not_get_slower_with_more_budget(data, more):
    pipeline = a_pipeline(Bytes(data), SMALL)
    budget = max(1, smallest_budget_bytes(pipeline)[0])
    before_ns, policy, used = best(pipeline, [budget])
    after_ns, _, _ = best(pipeline, [budget, budget + more])
    assert after_ns <= before_ns
    trace = simulate(pipeline, policy, used)
    assert (trace.makespan_ns, trace.peak_bytes <= budget + more) == (before_ns, True)
