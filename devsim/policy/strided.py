"""``strided`` and ``prefix``: as many residents as leave two slots to stream the rest through."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from devsim.core.pipeline import Pipeline, Stage
from devsim.core.plan import Residency
from devsim.policy.planned import Planned, spread

_Pick = Callable[[int, int], tuple[int, ...]]
"""Which chunks stay, for so many out of so many."""


class _Kept(NamedTuple):
    """What a stage keeps, and the least room in which it does."""

    residency: Residency
    room_bytes: int


class MostKept:
    """A policy that keeps as many chunks as fit, under any budget.

    Args:
        name: what reports call the policy.
        pick: which chunks it keeps.
        pipeline: cut into one chunk a block.
    """

    def __init__(self, name: str, pick: _Pick, pipeline: Pipeline) -> None:
        self.name = name
        self._base_bytes = pipeline.base_bytes
        self._more = [_kept(stage, pick) for stage in pipeline.stages]
        self._known: list[list[_Kept]] = [[next(each)] for each in self._more]

    def under(self, budget_bytes: int) -> Planned:
        """The policy under a budget."""
        return Planned(tuple(each.residency for each in self._all(budget_bytes)), self.name)

    def same_from_bytes(self, budget_bytes: int) -> int:
        """The least budget under which it keeps the same chunks as under this one; 0 if none."""
        most = max(each.room_bytes for each in self._all(budget_bytes))
        return self._base_bytes + most if most else 0

    def _all(self, budget_bytes: int) -> list[_Kept]:
        room_bytes = budget_bytes - self._base_bytes
        return [self._in(room_bytes, stage) for stage in range(len(self._known))]

    def _in(self, room_bytes: int, stage: int) -> _Kept:
        known = self._known[stage]
        while known[-1].room_bytes > max(room_bytes, 0):
            known.append(next(self._more[stage]))
        return next(each for each in known if each.room_bytes <= max(room_bytes, 0))


def strided(pipeline: Pipeline, budget_bytes: int) -> Planned:
    """Keep as many evenly spaced chunks as leave room for one to compute and one to load."""
    return any_strided(pipeline).under(budget_bytes)


def prefix(pipeline: Pipeline, budget_bytes: int) -> Planned:
    """Keep as many of the first chunks as leave room for one to compute and one to load."""
    return any_prefix(pipeline).under(budget_bytes)


def any_strided(pipeline: Pipeline) -> MostKept:
    """``strided`` under any budget."""
    return MostKept("strided", spread, pipeline)


def any_prefix(pipeline: Pipeline) -> MostKept:
    """``prefix`` under any budget."""
    return MostKept("prefix", lambda count, _: tuple(range(count)), pipeline)


def _kept(stage: Stage, pick: _Pick) -> Iterator[_Kept]:
    """What the stage keeps as room gets less, the most chunks first; at last, none."""
    least = None
    for count in range(len(stage.chunks), 0, -1):
        resident = pick(count, len(stage.chunks))
        held = _held_bytes(stage, resident)
        if least is None or held < least:
            least = held
            yield _Kept(Residency(resident=resident, window=1), held)
    yield _Kept(Residency(resident=(), window=1), 0)


def _held_bytes(stage: Stage, resident: tuple[int, ...]) -> int:
    """The most that residents, two streamed chunks and what passes beside them can hold."""
    costs = [chunk.cost for chunk in stage.chunks]
    kept = sum(costs[number].resident_bytes for number in resident)
    staying = set(resident)
    streamed = sorted(
        cost.resident_bytes for number, cost in enumerate(costs) if number not in staying
    )
    passing = max(cost.transient_bytes for cost in costs) + max(
        cost.working_bytes for cost in costs
    )
    return kept + sum(streamed[-2:]) + passing
