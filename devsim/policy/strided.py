"""``strided`` and ``prefix``: as many residents as leave two slots to stream the rest through."""

from collections.abc import Callable

from devsim.core.pipeline import Pipeline, Stage
from devsim.core.plan import Residency
from devsim.policy.planned import Planned, spread

_Pick = Callable[[int, int], tuple[int, ...]]
"""Which chunks stay, for so many out of so many."""


def strided(pipeline: Pipeline, budget_bytes: int) -> Planned:
    """Keep as many evenly spaced chunks as leave room for one to compute and one to load."""
    return _most_kept("strided", spread, pipeline, budget_bytes)


def prefix(pipeline: Pipeline, budget_bytes: int) -> Planned:
    """Keep as many of the first chunks as leave room for one to compute and one to load."""
    return _most_kept("prefix", lambda count, _: tuple(range(count)), pipeline, budget_bytes)


def _most_kept(name: str, pick: _Pick, pipeline: Pipeline, budget_bytes: int) -> Planned:
    room_bytes = budget_bytes - pipeline.base_bytes
    return Planned(tuple(_residency(stage, pick, room_bytes) for stage in pipeline.stages), name)


def _residency(stage: Stage, pick: _Pick, room_bytes: int) -> Residency:
    for count in range(len(stage.chunks), 0, -1):
        resident = pick(count, len(stage.chunks))
        if _held_bytes(stage, resident) <= room_bytes:
            return Residency(resident=resident, window=1)
    return Residency(resident=(), window=1)


def _held_bytes(stage: Stage, resident: tuple[int, ...]) -> int:
    """The most that residents, two streamed chunks and what passes beside them can hold."""
    costs = [chunk.cost for chunk in stage.chunks]
    kept = sum(costs[number].resident_bytes for number in resident)
    staying = set(resident)
    streamed = sorted(
        cost.resident_bytes for number, cost in enumerate(costs) if number not in staying
    )
    passing = max(cost.transient_bytes for cost in costs) + max(
        cost.activation_bytes for cost in costs
    )
    return kept + sum(streamed[-2:]) + passing
