"""The scheduler: drives a policy from event to event, whatever the clock.

``simulate`` and ``execute`` both start the activities of one ``schedule`` and tell it when one has
finished; they differ only in how time passes. The footprint never exceeds the budget and a run
never deadlocks.
"""

from collections.abc import Iterable
from typing import NamedTuple

from devsim.core.pipeline import Pipeline
from devsim.core.trace import Kind
from devsim.policy.feasible import require_room
from devsim.policy.order import positions
from devsim.policy.protocol import Policy, Position
from devsim.policy.schedule import KINDS, LOAD, UNLOAD, WAITED_FOR, Schedule, activity_code
from devsim.policy.timetable import costs_of, decisions_of


class Activity(NamedTuple):
    """A load, compute or unload that has been started."""

    kind: Kind
    at: Position
    cold: bool
    waited_for: str
    """``memory`` or ``policy`` if that held it back last, else empty."""


class Scheduler:
    """One run of a pipeline under a policy and a budget in bytes.

    Raises:
        InfeasibleBudgetError: the policy cannot keep the budget.
    """

    def __init__(self, pipeline: Pipeline, policy: Policy, budget_bytes: int) -> None:
        counts = [stage.iterations for stage in pipeline.stages]
        costs = costs_of(pipeline, counts)
        decisions = decisions_of(pipeline, policy, counts)
        require_room(pipeline, policy.name, budget_bytes, costs, decisions)
        self._order = positions(pipeline)
        self._cold = costs.cold
        self._schedule = Schedule(
            costs, decisions, pipeline.base_bytes, budget_bytes, pipeline.loaders
        )
        self._running = 0

    @property
    def footprint_bytes(self) -> int:
        """What the run holds now, by the ledger."""
        return self._schedule.footprint_bytes

    @property
    def done(self) -> bool:
        """Whether every compute has ended and everything is unloaded."""
        return not self._running

    def start(self) -> list[Activity]:
        """The first activities."""
        return self._activities(self._schedule.tell([]))

    def finish(self, ended: Iterable[Activity]) -> list[Activity]:
        """Note which activities have ended at this instant, and return those that start now.

        What ends together is noted together, so that nothing starts in ignorance of another end.
        """
        codes = [activity_code(a.at.number, KINDS.index(a.kind), 0) for a in ended]
        self._running -= len(codes)
        return self._activities(self._schedule.tell(codes))

    def _activities(self, codes: list[int]) -> list[Activity]:
        self._running += len(codes)
        return [self._activity(code) for code in sorted(codes, key=_unloads_first)]

    def _activity(self, code: int) -> Activity:
        number, kind = code >> 4, code & 3
        at = self._order[number]
        cold = kind == LOAD and self._cold[number]
        return Activity(KINDS[kind], at, cold, WAITED_FOR[code >> 2 & 3])


def _unloads_first(code: int) -> bool:
    return code & 3 != UNLOAD
