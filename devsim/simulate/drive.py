"""Drives a schedule in simulated time (simpy).

Work is counted in millionths of a nanosecond at full speed and speeds in parts per million, so
all arithmetic is on integers; an activity ends at the first whole nanosecond by which its work is
done.
"""

from collections.abc import Generator
from heapq import heappop, heappush

import simpy
from simpy.events import Timeout

from devsim.policy.schedule import UNLOAD, Schedule
from devsim.policy.timetable import Costs
from devsim.simulate.lanes import Lanes
from devsim.simulate.speeds import Speeds

Record = tuple[int, int, int]
"""An activity as the schedule names it, its start and its end in nanoseconds."""


def drive(
    env: simpy.Environment,
    run: Schedule,
    costs: Costs,
    speeds: Speeds,
    records: list[Record],
    footprint: dict[int, int],
) -> Generator[Timeout, None, None]:
    """Let every activity take its time, and write down what happened, in order of the ends.

    Whatever ends at one instant is told to the schedule together. What then starts and takes no
    time ends at the same instant, after that.
    """
    took = (costs.load_ns, costs.compute_ns, costs.unload_ns)
    lanes = None if speeds.plain else Lanes(costs, speeds)
    ends: list[Record] = []
    now = 0
    started, held_bytes = next(run)
    while True:
        for code in started:
            if lanes and code & 3 != UNLOAD:
                lanes.start(code, now, took[code & 3][code >> 4])
            else:
                heappush(ends, (now + took[code & 3][code >> 4], code, now))
        if lanes:
            lanes.change_speeds(now, ends)
            lanes.drop_moved(ends)
        footprint[now] = held_bytes
        if not ends:
            return
        end_ns = ends[0][0]
        if end_ns > now:
            yield env.timeout(end_ns - now)
            now = end_ns
        ended = []
        while ends and ends[0][0] == now:
            _, code, start_ns = heappop(ends)
            if lanes and code & 3 != UNLOAD and not lanes.end(code, now):
                continue
            ended.append(code)
            records.append((code, start_ns, now))
        started, held_bytes = run.send(ended)
