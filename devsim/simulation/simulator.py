"""The simulator: a schedule driven in simulated time."""

from dataclasses import replace
from functools import partial

from devsim.core.later import Later
from devsim.core.pipeline import Pipeline
from devsim.core.trace import Footprint, Trace
from devsim.policy.feasible import require_room
from devsim.policy.protocol import Policy
from devsim.policy.schedule import Schedule
from devsim.policy.timetable import costs_of, decisions_of
from devsim.simulation.drive import drive
from devsim.simulation.durations import Durations
from devsim.simulation.spans import spans_of
from devsim.simulation.speeds import Speeds


def simulate(
    pipeline: Pipeline, policy: Policy, budget_bytes: int, durations: Durations | None = None
) -> Trace:
    """Run a pipeline under a policy and a budget in simulated time.

    Args:
        pipeline: what to run, and what it costs.
        policy: says what to load, compute and unload next.
        budget_bytes: what may be held.
        durations: of every activity, where they are not the pipeline's own.

    Raises:
        InfeasibleBudgetError: the policy cannot keep the budget.
    """
    counts = [stage.iterations for stage in pipeline.stages]
    costs = costs_of(pipeline, counts)
    if durations:
        costs = replace(costs, **durations._asdict())
    decisions = decisions_of(pipeline, policy, counts)
    require_room(pipeline, policy.name, budget_bytes, costs, decisions)
    run = Schedule(costs, decisions, pipeline.base_bytes, budget_bytes, pipeline.loaders)
    records, footprint = drive(run, costs, Speeds.of(pipeline), pipeline.loaders)
    return Trace(
        origin="simulated",
        workload=pipeline.workload,
        policy=policy.name,
        budget_bytes=budget_bytes,
        spans=Later(partial(spans_of, pipeline, costs.cold, records)),
        footprint=Later(partial(_samples, footprint)),
    )


def _samples(footprint: dict[int, int]) -> tuple[Footprint, ...]:
    return tuple(map(Footprint, footprint.keys(), footprint.values()))
