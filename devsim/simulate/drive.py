"""Drives a schedule in simulated time (simpy)."""

from collections.abc import Callable, Generator
from heapq import heappop, heappush
from typing import Any

import simpy
from simpy.events import Event

from devsim.policy.schedule import UNLOAD, Schedule
from devsim.policy.timetable import Costs
from devsim.simulate.lanes import Lanes
from devsim.simulate.speeds import Speeds

Record = tuple[int, int, int]
"""An activity: its end in nanoseconds, its code as the schedule has it, and its start."""


class _Alarm(Event):
    """An event that rings again and again: half the cost of a process that makes timeouts."""

    def __init__(self, env: simpy.Environment) -> None:
        super().__init__(env)
        self._ok, self._value = True, None

    def ring_in(self, delay_ns: int, resume: Callable[[Event], None]) -> None:
        """Call ``resume`` so many nanoseconds from now."""
        self.callbacks = [resume]
        self.env.schedule(self, delay=delay_ns)


def drive(run: Schedule, costs: Costs, speeds: Speeds) -> tuple[list[Record], dict[int, int]]:
    """Let every activity take its time.

    Returns:
        Activities in order of their ends, and the footprint in bytes from each instant on.
    """
    env = simpy.Environment()
    records: list[Record] = []
    footprint: dict[int, int] = {}
    steps = _steps(_Alarm(env), run, costs, speeds, records, footprint)
    next(steps)
    steps.send(steps.send)
    env.run()
    return records, footprint


def _steps(
    alarm: _Alarm,
    run: Schedule,
    costs: Costs,
    speeds: Speeds,
    records: list[Record],
    footprint: dict[int, int],
) -> Generator[None, Any, None]:
    """From instant to instant, each time the alarm rings; first wants to know whom it wakes.

    Whatever ends at one instant is told to the schedule together. What then starts and takes no
    time ends at the same instant, after that.
    """
    resume = yield
    took = (costs.load_ns, costs.compute_ns, costs.unload_ns)
    lanes = None if speeds.plain else Lanes(costs, speeds)
    ends: list[Record] = []
    now = 0
    started, held_bytes = next(run)
    while True:
        if lanes is None:
            for code in started:
                heappush(ends, (now + took[code & 3][code >> 4], code, now))
        else:
            for code in started:
                if code & 3 == UNLOAD:
                    heappush(ends, (now + costs.unload_ns[code >> 4], code, now))
                else:
                    lanes.start(code, now, took[code & 3][code >> 4])
            lanes.change_speeds(now, ends)
            lanes.drop_moved(ends)
        footprint[now] = held_bytes
        if not ends:
            yield
        record = heappop(ends)
        if record[0] > now:
            alarm.ring_in(record[0] - now, resume)
            yield
            now = record[0]
        ended = [record]
        while ends and ends[0][0] == now:
            ended.append(heappop(ends))
        if lanes is not None:
            ended = lanes.end(ended)
        records += ended
        started, held_bytes = run.send([code for _, code, _ in ended])
