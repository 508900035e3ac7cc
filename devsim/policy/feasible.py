"""The least memory a schedule needs."""

from bisect import bisect_right

from devsim.core.errors import InfeasibleBudgetError
from devsim.core.pipeline import ChunkCost, Pipeline
from devsim.core.units import format_bytes
from devsim.policy.protocol import Policy
from devsim.policy.timetable import Costs, Decisions, costs_of, decisions_of


def needed_bytes(pipeline: Pipeline, policy: Policy) -> tuple[int, str]:
    """The smallest budget under which the policy's run can end, and the chunk that sets it."""
    counts = [stage.iterations for stage in pipeline.stages]
    costs = costs_of(pipeline, counts)
    need, number = most_careful(costs, decisions_of(pipeline, policy, counts), pipeline.base_bytes)
    return need, _name_of(pipeline, costs, number)


def most_careful(costs: Costs, decisions: Decisions, base_bytes: int) -> tuple[int, int]:
    """The peak of the run that holds as little as its policy allows, and its compute's number.

    With that much, every compute can at worst wait until nothing but what the policy keeps is
    loaded beside its own chunk.
    """
    resident, transient = costs.resident_bytes, costs.transient_bytes
    carried, working = costs.carried_bytes, costs.working_bytes
    kept, stays = decisions.kept, decisions.stays
    others = base_bytes
    worst, culprit = -1, 0
    for number in range(len(resident)):
        size, passing = resident[number], working[number]
        if kept[number]:
            others -= size
        elif carried[number] + transient[number] > passing:
            passing = carried[number] + transient[number]
        if others + size + passing > worst:
            worst, culprit = others + size + passing, number
        if stays[number]:
            others += size
    return worst, culprit


def smallest_budget_bytes(pipeline: Pipeline) -> tuple[int, str]:
    """The smallest budget under which any policy can run this cut, and the chunk that sets it."""
    chunks = [(stage.name, chunk) for stage in pipeline.stages for chunk in stage.chunks]
    stage_name, largest = max(chunks, key=lambda named: _alone_bytes(named[1].cost))
    return pipeline.base_bytes + _alone_bytes(largest.cost), f"{stage_name} {largest.name}"


def require_feasible(pipeline: Pipeline, policy: Policy, budget_bytes: int) -> None:
    """Refuse a budget that a policy cannot keep.

    Raises:
        InfeasibleBudgetError: carries the smallest budget that works for this policy and cut.
    """
    counts = [stage.iterations for stage in pipeline.stages]
    decisions = decisions_of(pipeline, policy, counts)
    require_room(pipeline, policy.name, budget_bytes, costs_of(pipeline, counts), decisions)


def require_room(
    pipeline: Pipeline, policy_name: str, budget_bytes: int, costs: Costs, decisions: Decisions
) -> int:
    """Refuse a budget that decisions cannot keep, whose costs and run are laid out already.

    Returns:
        The least budget that they can keep.

    Raises:
        InfeasibleBudgetError: carries the smallest budget that works for this policy and cut.
    """
    need, number = most_careful(costs, decisions, pipeline.base_bytes)
    if need > budget_bytes:
        raise InfeasibleBudgetError(
            f"policy {policy_name} needs {format_bytes(need)} at "
            f"{_name_of(pipeline, costs, number)}, the budget is {format_bytes(budget_bytes)}",
            need,
            f"give at least --budget {need}",
        )
    return need


def _name_of(pipeline: Pipeline, costs: Costs, number: int) -> str:
    stage_number = bisect_right(costs.first, number) - 1
    stage = pipeline.stages[stage_number]
    chunk = stage.chunks[(number - costs.first[stage_number]) % len(stage.chunks)]
    return f"{stage.name} {chunk.name}"


def _alone_bytes(cost: ChunkCost) -> int:
    passing = max(cost.transient_bytes, cost.activation_bytes)
    return cost.resident_bytes + cost.carried_bytes + passing
