"""The rules of every schedule: told what has ended, it says what starts.

Activities are numbers here, so that a simulation spends its time on deciding: ``activity_code``
makes one of a compute's number, a kind and what the activity waited for.
"""

from collections.abc import Iterable
from typing import Final

from devsim.core.trace import Kind
from devsim.policy.timetable import Costs, Decisions, most

LOAD: Final = 0
COMPUTE: Final = 1
UNLOAD: Final = 2
KINDS = (Kind.LOAD, Kind.COMPUTE, Kind.UNLOAD)
MEMORY: Final = 1
POLICY: Final = 2
WAITED_FOR = ("", "memory", "policy")


def activity_code(number: int, kind: int, waited: int) -> int:
    """An activity for a compute: ``code & 3`` is its kind, ``code >> 2 & 3`` what it waited for."""
    return number << 4 | waited << 2 | kind


class Schedule:
    """Starts whatever may start; a compute that waits for memory gets it before any load.

    - A load starts only if it fits now, with its transient, and if after it every compute up to
      its own fits beside everything then loaded. So what is loaded can always be computed, in
      order.
    - When nothing is loaded ahead, only what the policy keeps is loaded; the caller has checked
      that the next chunk fits beside that.
    """

    def __init__(
        self,
        costs: Costs,
        decisions: Decisions,
        base_bytes: int,
        budget_bytes: int,
        loaders: int,
    ) -> None:
        self._resident, self._transient = costs.resident_bytes, costs.transient_bytes
        self._carried, self._working = costs.carried_bytes, costs.working_bytes
        self._most_working = costs.most_working_bytes
        self._before, self._total = costs.before, costs.first[-1]
        self._kept, self._stays, self._rules = decisions.kept, decisions.stays, decisions.rules
        self._budget_bytes, self._loaders = budget_bytes, loaders
        self._loaded = [*decisions.kept, False]
        self._gone = [*([False] * self._total), True]
        self._current = 0
        """The compute that runs or comes next."""
        self._due = self._next_due(0)
        """The next load, by the number of its compute."""
        self._ahead = 0
        """Chunks loaded or being loaded for computes after the current one; kept ones not."""
        self._computing = False
        self._loading = 0
        self._compute_waited = self._load_waited = 0
        self._leaving = costs.carried_bytes[0]
        """What of the footprint goes without anything else having to happen: what is being
        unloaded, what running activities hold only while they run, and boundary tensors, of which
        every compute says anew what is held."""
        self.footprint_bytes = base_bytes + self._leaving
        self.enough_bytes = self.footprint_bytes
        """All decisions so far are the same under every budget from this one to the run's own."""

    def tell(self, ended: Iterable[int]) -> list[int]:
        """Note the activities that have ended at this instant; returns those that start."""
        started: list[int] = []
        for code in ended:
            self._end(code, started)
        if not self._computing and self._loaded[self._current]:
            self._start_compute(started)
        while self._loading < self._loaders and self._due < self._total:
            if not self._start_load(started):
                break
        return started

    def _end(self, code: int, started: list[int]) -> None:
        number, kind = code >> 4, code & 3
        if kind == LOAD:
            self._loading -= 1
            self._loaded[number] = True
            passing = self._transient[number]
        elif kind == COMPUTE:
            self._computing = False
            self._current = number + 1
            if self._current < self._due and not self._kept[self._current]:
                self._ahead -= 1
            passing = self._working[number] - self._carried[number + 1]
            if not self._stays[number]:
                self._leaving += self._resident[number]
                started.append(number << 4 | UNLOAD)
        else:
            self._gone[number] = True
            passing = self._resident[number]
        self.footprint_bytes -= passing
        self._leaving -= passing

    def _start_compute(self, started: list[int]) -> None:
        activation = self._working[self._current] - self._carried[self._current]
        needed = self.footprint_bytes + activation
        if needed > self._budget_bytes:
            self._compute_waited = MEMORY
            return
        self._hold(needed, needed)
        self._leaving += activation
        self._computing = True
        started.append(self._current << 4 | self._compute_waited << 2 | COMPUTE)
        self._compute_waited = 0

    def _start_load(self, started: list[int]) -> bool:
        """Start the next load if it may."""
        number, current = self._due, self._current
        rule = self._rules[number]
        if not self._gone[self._before[number]] or (
            number != current
            and (
                self._ahead >= rule.window
                or number - current > rule.distance
                or (rule.while_computing and not self._computing)
            )
        ):
            self._load_waited = POLICY
            return False
        if self._compute_waited or not self._take_room_for(number):
            self._load_waited = MEMORY
            return False
        self._leaving += self._transient[number]
        self._loading += 1
        self._due = self._next_due(number + 1)
        if number > current:
            self._ahead += 1
        started.append(number << 4 | self._load_waited << 2 | LOAD)
        self._load_waited = 0
        return True

    def _take_room_for(self, number: int) -> bool:
        """Hold what a load holds, if it and every compute up to its own fit."""
        size = self._resident[number]
        needed = self.footprint_bytes + size + self._transient[number]
        if needed > self._budget_bytes:
            return False
        staying = self.footprint_bytes - self._leaving + size
        later = staying + self._most_working
        if later > self._budget_bytes:
            later = staying + most(self._working, self._current, number)
            if later > self._budget_bytes:
                return False
        self._hold(needed, later)
        return True

    def _hold(self, now_bytes: int, later_bytes: int) -> None:
        self.footprint_bytes = now_bytes
        self.enough_bytes = max(self.enough_bytes, max(now_bytes, later_bytes))

    def _next_due(self, number: int) -> int:
        while number < self._total and self._kept[number]:
            number += 1
        return number
