"""The scheduler: drives a policy from event to event, whatever the clock.

``simulate`` and ``execute`` both start the activities it returns and tell it when one has
finished; they differ only in how time passes. It never lets the footprint exceed the budget and
never deadlocks:

- A load starts only if it fits now, with its transient, and if after it every compute up to its
  own fits beside everything then loaded. So what is loaded can always be computed, in order.
- When nothing is loaded ahead, only what the policy keeps is loaded; ``require_feasible`` checked
  beforehand that the next chunk fits beside that.
"""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from devsim.core.pipeline import Pipeline
from devsim.core.trace import Kind
from devsim.policy.feasible import require_feasible
from devsim.policy.ledger import Ledger
from devsim.policy.order import kept_before, positions
from devsim.policy.protocol import Policy, Position, Progress


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
        require_feasible(pipeline, policy, budget_bytes)
        self._policy = policy
        self._order = positions(pipeline)
        self._costs = [pipeline.stages[at.stage].chunks[at.chunk].cost for at in self._order]
        self._kept = kept_before(policy, self._order)
        self._chunk_count = [len(stage.chunks) for stage in pipeline.stages]
        self._last_iteration = [stage.iterations - 1 for stage in pipeline.stages]
        self._ledger = Ledger(budget_bytes, pipeline.base_bytes)
        self._current = 0
        self._next_load = 0
        self._computing = False
        self._loading = False
        self._held: set[tuple[int, int]] = set()
        self._ready: set[tuple[int, int]] = set()
        self._seen: set[tuple[int, int]] = set()
        self._ahead: deque[int] = deque()
        self._load_waited = self._compute_waited = ""

    @property
    def footprint_bytes(self) -> int:
        """What the run holds now, by the ledger."""
        return self._ledger.footprint_bytes

    @property
    def done(self) -> bool:
        """Whether every compute has ended and everything is unloaded."""
        return self._current == len(self._order) and not self._held

    def start(self) -> list[Activity]:
        """The first activities."""
        return self._advance()

    def finish(self, ended: Iterable[Activity]) -> list[Activity]:
        """Note which activities have ended at this instant, and return those that start now.

        What ends together is noted together, so that nothing starts in ignorance of another end.
        """
        unloads = [unload for activity in ended if (unload := self._note_end(activity))]
        return [*unloads, *self._advance()]

    def _note_end(self, activity: Activity) -> Activity | None:
        """Take an ended activity into account; return the unload that starts with its end."""
        at = activity.at
        cost = self._costs[at.number]
        if activity.kind is Kind.LOAD:
            self._loading = False
            self._ready.add((at.stage, at.chunk))
            self._ledger.end_passing(cost.transient_bytes)
        elif activity.kind is Kind.UNLOAD:
            self._held.remove((at.stage, at.chunk))
            self._ledger.end_passing(cost.resident_bytes)
        else:
            self._computing = False
            self._current += 1
            self._ledger.end_passing(cost.activation_bytes)
            if not self._stays(at):
                return self._start_unload(at)
        return None

    def _advance(self) -> list[Activity]:
        """Start whatever may start; a compute that waits for memory gets it before any load."""
        compute, load = self._start_compute(), self._start_load()
        return [activity for activity in (compute, load) if activity]

    def _start_compute(self) -> Activity | None:
        if self._computing or self._current == len(self._order):
            return None
        at = self._order[self._current]
        if (at.stage, at.chunk) not in self._ready:
            return None
        activation_bytes = self._costs[at.number].activation_bytes
        if activation_bytes > self._ledger.free_bytes:
            self._compute_waited = "memory"
            return None
        self._ledger.take(0, activation_bytes)
        self._computing = True
        waited, self._compute_waited = self._compute_waited, ""
        return Activity(Kind.COMPUTE, at, cold=False, waited_for=waited)

    def _start_load(self) -> Activity | None:
        while self._next_load < len(self._order) and self._kept[self._next_load]:
            self._next_load += 1
        if self._loading or self._next_load == len(self._order):
            return None
        at = self._order[self._next_load]
        if reason := self._why_not_load(at):
            self._load_waited = reason
            return None
        cost = self._costs[at.number]
        self._ledger.take(cost.resident_bytes, cost.transient_bytes)
        self._loading = True
        self._next_load += 1
        self._ahead.append(at.number)
        chunk = at.stage, at.chunk
        cold = chunk not in self._seen
        self._seen.add(chunk)
        self._held.add(chunk)
        waited, self._load_waited = self._load_waited, ""
        return Activity(Kind.LOAD, at, cold, waited)

    def _start_unload(self, at: Position) -> Activity:
        self._ready.remove((at.stage, at.chunk))
        self._ledger.start_unload(self._costs[at.number].resident_bytes)
        return Activity(Kind.UNLOAD, at, cold=False, waited_for="")

    def _why_not_load(self, at: Position) -> str:
        while self._ahead and self._ahead[0] <= self._current:
            self._ahead.popleft()
        current = self._order[self._current]
        progress = Progress(current, self._computing, len(self._ahead))
        if (at.stage, at.chunk) in self._held or not self._policy.may_load(at, progress):
            return "policy"
        if self._compute_waited:
            return "memory"
        cost, ledger = self._costs[at.number], self._ledger
        if cost.resident_bytes + cost.transient_bytes > ledger.free_bytes:
            return "memory"
        until_then = self._costs[self._current : at.number + 1]
        activation_bytes = max(cost.activation_bytes for cost in until_then)
        staying_bytes = ledger.footprint_bytes - ledger.leaving_bytes + cost.resident_bytes
        return "memory" if staying_bytes + activation_bytes > ledger.budget_bytes else ""

    def _stays(self, at: Position) -> bool:
        return (
            at.iteration < self._last_iteration[at.stage]
            and (self._kept[at.number + self._chunk_count[at.stage]])
        )
