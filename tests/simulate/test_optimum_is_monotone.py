"""More budget, faster loads or more bandwidth never make the best schedule slower.

One plan may get slower: a load that starts earlier can slow a compute down, or hold its transient
when the compute's activations want the room. Two statements hold, and are tested:

- Where nothing passes (transients, activations) and nothing slows (contention), every start is the
  latest of some ends, so no plan gets slower.
- The best over plans does not get slower, if a plan may also do with less than there is: a smaller
  budget, or loads that take as long as before. What was possible then stays among the choices, and
  is as fast. Here it is checked that it does stay possible: the old best keeps the new budget.
"""

from itertools import product

from drawn_runs import Bytes, Shape, a_pipeline
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from devsim.core.errors import InfeasibleBudgetError
from devsim.core.pipeline import Chunk, Pipeline, Stage
from devsim.core.plan import Residency
from devsim.policy.feasible import smallest_budget_bytes
from devsim.policy.planned import Planned
from devsim.simulate.evaluate import Evaluator, evaluate
from devsim.simulate.simulator import simulate

SMALL = Shape(max_chunks=3, max_iterations=3, loaders=(1,))
NOTHING_SLOWS = Shape(max_chunks=6, max_iterations=5, loaders=(1,), speeds=(1_000_000,))
WINDOWS = (0, 1, 3)
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


@examples(500)
@given(DRAWN, st.integers(0, 255), st.integers(0, 3), st.integers(0, 60), st.integers(0, 100))
def test_no_plan_gets_slower_where_nothing_passes_and_nothing_slows(
    data, mask, window, more, percent
):
    drawn = a_pipeline(Bytes(data), NOTHING_SLOWS)
    pipeline = with_costs(drawn, lambda _: {"transient_bytes": 0, "activation_bytes": 0})
    policy = Planned(
        tuple(
            Residency(
                resident=tuple(n for n in range(len(s.chunks)) if mask >> n & 1), window=window
            )
            for s in pipeline.stages
        )
    )
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
