"""The least memory a schedule needs."""

from devsim.core.errors import InfeasibleBudgetError
from devsim.core.pipeline import ChunkCost, Pipeline
from devsim.core.units import format_bytes
from devsim.policy.order import kept_before, positions
from devsim.policy.protocol import Policy


def needed_bytes(pipeline: Pipeline, policy: Policy) -> tuple[int, str]:
    """The smallest budget under which the policy's run can end, and the chunk that sets it.

    With that much, every compute can at worst wait until nothing but what the policy keeps is
    loaded beside its own chunk.
    """
    order = positions(pipeline)
    kept = kept_before(policy, order)
    others = pipeline.base_bytes
    worst, culprit = 0, ""
    for at, was_kept in zip(order, kept, strict=True):
        stage = pipeline.stages[at.stage]
        chunk = stage.chunks[at.chunk]
        if was_kept:
            others -= chunk.cost.resident_bytes
            need = others + chunk.cost.resident_bytes + chunk.cost.activation_bytes
        else:
            need = others + _alone_bytes(chunk.cost)
        if need > worst:
            worst, culprit = need, f"{stage.name} {chunk.name}"
        following = at.number + len(stage.chunks)
        if at.iteration + 1 < stage.iterations and kept[following]:
            others += chunk.cost.resident_bytes
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
    need, culprit = needed_bytes(pipeline, policy)
    if need > budget_bytes:
        raise InfeasibleBudgetError(
            f"policy {policy.name} needs {format_bytes(need)} at {culprit}, "
            f"the budget is {format_bytes(budget_bytes)}",
            need,
            f"give at least --budget {need}",
        )


def _alone_bytes(cost: ChunkCost) -> int:
    return cost.resident_bytes + max(cost.transient_bytes, cost.activation_bytes)
