"""Drives a schedule in simulated time (simpy)."""

from heapq import heappop, heappush

import simpy

from devsim.policy.schedule import UNLOAD, Schedule
from devsim.policy.timetable import Costs
from devsim.simulation.clock import NOBODY, Alarm
from devsim.simulation.lanes import Lanes
from devsim.simulation.pair import Log, drive_pair
from devsim.simulation.speeds import Speeds


def drive(run: Schedule, costs: Costs, speeds: Speeds, loaders: int) -> Log:
    """Let every activity take its time."""
    if loaders == 1:
        return drive_pair(run, costs, speeds)
    return _drive_several(run, costs, speeds)


def _drive_several(run: Schedule, costs: Costs, speeds: Speeds) -> Log:
    """From instant to instant at which something ends, on any number of loaders.

    Whatever ends at one instant is told to the schedule together. What then starts and takes no
    time ends at the same instant, after that.
    """
    env, log = simpy.Environment(), Log([], {})
    alarm = Alarm(env)
    took = (costs.load_ns, costs.compute_ns, costs.unload_ns)
    lanes = Lanes(costs, speeds)
    ends: list[tuple[int, int, int]] = []
    now = 0
    started = run.tell([])
    while True:
        for code in started:
            if code & 3 == UNLOAD:
                heappush(ends, (now + costs.unload_ns[code >> 4], code, now))
            else:
                lanes.start(code, now, took[code & 3][code >> 4])
        lanes.change_speeds(now, ends)
        lanes.drop_moved(ends)
        log.footprint[now] = run.footprint_bytes
        if not ends:
            return log
        if ends[0][0] > now:
            alarm.callbacks = NOBODY
            env.schedule(alarm, delay=ends[0][0] - now)
            env.step()
            now = ends[0][0]
        ended = [heappop(ends)]
        while ends and ends[0][0] == now:
            ended.append(heappop(ends))
        ended = lanes.end(ended)
        log.records.extend(ended)
        started = run.tell([code for _, code, _ in ended])
