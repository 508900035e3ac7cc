"""``strided``: residents spread evenly, two slots to stream the rest through."""

from devsim.core.pipeline import Pipeline, Stage
from devsim.core.plan import Residency
from devsim.policy.planned import Planned, spread


def strided(pipeline: Pipeline, budget_bytes: int) -> Planned:
    """Keep as many evenly spaced chunks as leave room for one to compute and one to load."""
    room_bytes = budget_bytes - pipeline.base_bytes
    return Planned(tuple(_residency(stage, room_bytes) for stage in pipeline.stages), "strided")


def _residency(stage: Stage, room_bytes: int) -> Residency:
    for count in range(len(stage.chunks), 0, -1):
        resident = spread(count, len(stage.chunks))
        if _held_bytes(stage, resident) <= room_bytes:
            return Residency(resident=resident, window=1)
    return Residency(resident=(), window=1)


def _held_bytes(stage: Stage, resident: tuple[int, ...]) -> int:
    """The most that residents, two streamed chunks and what passes beside them can hold."""
    costs = [chunk.cost for chunk in stage.chunks]
    kept = sum(costs[number].resident_bytes for number in resident)
    streamed = sorted(
        cost.resident_bytes for number, cost in enumerate(costs) if number not in resident
    )
    passing = max(cost.transient_bytes for cost in costs) + max(
        cost.activation_bytes for cost in costs
    )
    return kept + sum(streamed[-2:]) + passing
