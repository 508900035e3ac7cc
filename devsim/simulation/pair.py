"""Drives a schedule that has one loader: at most a load and a compute run beside each other."""

from bisect import insort
from typing import NamedTuple

import simpy
from simpy.events import NORMAL

from devsim.policy.schedule import COMPUTE, LOAD, Schedule
from devsim.policy.timetable import Costs
from devsim.simulation.clock import NOBODY, Alarm
from devsim.simulation.speeds import FULL_SPEED_PPM, Speeds

Record = tuple[int, int, int]
"""An activity: its end in nanoseconds, its code as the schedule has it, and its start."""


class Log(NamedTuple):
    """What a run did."""

    records: list[Record]
    """In order of the activities' ends."""
    footprint: dict[int, int]
    """In bytes, from each instant on."""


def done_at(now: int, work: int, speed_ppm: int) -> tuple[int, int]:
    """The first whole nanosecond by which work is done, and how much more could be by then."""
    less, excess = divmod(-work, speed_ppm)
    return now - less, excess


def drive_pair(run: Schedule, costs: Costs, speeds: Speeds) -> Log:
    """From instant to instant at which something ends.

    Whatever ends at one instant is told to the schedule together. What then starts and takes no
    time ends at the same instant, after that.

    Work is counted in millionths of a nanosecond at full speed. What an activity has left at any
    instant is ``(end - now) * speed - excess``, so nothing is touched until a speed changes.
    """
    load_ns, compute_ns, unload_ns = costs.load_ns, costs.compute_ns, costs.unload_ns
    records: list[Record] = []
    footprint: dict[int, int] = {}
    unloads: list[Record] = []
    env = simpy.Environment()
    alarm, ring, step = Alarm(env), env.schedule, env.step
    stage, stage_end = -1, 0
    beside_load = beside_compute = load_speed = compute_speed = FULL_SPEED_PPM
    now = load = load_start = load_end = load_excess = 0
    compute = compute_start = compute_end = compute_excess = 0
    loading = computing = slowed = False
    started = run.tell([])
    while True:
        for code in started:
            number = code >> 4
            kind = code & 3
            if kind == COMPUTE:
                computing, compute, compute_start = True, code, now
                compute_end = now + compute_ns[number]
                compute_speed, compute_excess = FULL_SPEED_PPM, 0
                if number >= stage_end:
                    stage += 1
                    stage_end = costs.first[stage + 1]
                    beside_load = speeds.compute_ppm[stage]
                    beside_compute = speeds.load_ppm[stage]
            elif kind == LOAD:
                loading, load, load_start = True, code, now
                load_end = now + load_ns[number]
                load_speed, load_excess = FULL_SPEED_PPM, 0
            else:
                insort(unloads, (now + unload_ns[number], code, now))
        footprint[now] = run.footprint_bytes
        if loading and computing:
            slowed = True
            if compute_speed != beside_load:
                left = (compute_end - now) * compute_speed - compute_excess
                compute_end, compute_excess = done_at(now, left, beside_load)
                compute_speed = beside_load
            if load_speed != beside_compute:
                left = (load_end - now) * load_speed - load_excess
                load_end, load_excess = done_at(now, left, beside_compute)
                load_speed = beside_compute
        elif slowed:
            slowed = False
            if computing and compute_speed != FULL_SPEED_PPM:
                left = (compute_end - now) * compute_speed - compute_excess
                compute_end, compute_excess = done_at(now, left, FULL_SPEED_PPM)
                compute_speed = FULL_SPEED_PPM
            if loading and load_speed != FULL_SPEED_PPM:
                left = (load_end - now) * load_speed - load_excess
                load_end, load_excess = done_at(now, left, FULL_SPEED_PPM)
                load_speed = FULL_SPEED_PPM
        then = compute_end if computing else -1
        if loading and (load_end < then or not computing):
            then = load_end
        if unloads and (unloads[0][0] < then or not (computing or loading)):
            then = unloads[0][0]
        if then < 0:
            return Log(records, footprint)
        if then > now:
            alarm.callbacks = NOBODY
            ring(alarm, NORMAL, then - now)
            step()
            now = then
        ended: list[Record] = []
        if loading and load_end == now:
            loading = False
            ended.append((now, load, load_start))
        if computing and compute_end == now:
            computing = False
            ended.append((now, compute, compute_start))
        while unloads and unloads[0][0] == now:
            ended.append(unloads.pop(0))
        if len(ended) > 1:
            ended.sort()
        records.extend(ended)
        started = run.tell([code for _, code, _ in ended])
