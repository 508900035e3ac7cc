"""Drives a schedule that has one loader: at most a load and a compute run beside each other."""

from bisect import insort
from typing import NamedTuple

import simpy
from simpy.events import NORMAL

from devsim.policy.schedule import COMPUTE, LOAD, Schedule
from devsim.policy.timetable import Costs
from devsim.simulate.clock import NOBODY, Alarm
from devsim.simulate.speeds import FULL_SPEED_PPM, Speeds

_NEVER = 1 << 200

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
    write, tell = records.append, run.send
    stage, stage_end = -1, 0
    beside_load = beside_compute = load_speed = compute_speed = FULL_SPEED_PPM
    now = load = load_start = load_excess = compute = compute_start = compute_excess = 0
    load_end = compute_end = unload_end = _NEVER
    slowed = False
    started, held_bytes = next(run)
    while True:
        for code in started:
            number = code >> 4
            kind = code & 3
            if kind == COMPUTE:
                compute, compute_start = code, now
                compute_end = now + compute_ns[number]
                compute_speed, compute_excess = FULL_SPEED_PPM, 0
                if number >= stage_end:
                    stage += 1
                    stage_end = costs.first[stage + 1]
                    beside_load = speeds.compute_ppm[stage]
                    beside_compute = speeds.load_ppm[stage]
            elif kind == LOAD:
                load, load_start = code, now
                load_end = now + load_ns[number]
                load_speed, load_excess = FULL_SPEED_PPM, 0
            else:
                insort(unloads, (now + unload_ns[number], code, now))
                unload_end = unloads[0][0]
        footprint[now] = held_bytes
        if load_end < _NEVER and compute_end < _NEVER:
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
            if compute_speed != FULL_SPEED_PPM and compute_end < _NEVER:
                left = (compute_end - now) * compute_speed - compute_excess
                compute_end, compute_excess = done_at(now, left, FULL_SPEED_PPM)
                compute_speed = FULL_SPEED_PPM
            if load_speed != FULL_SPEED_PPM and load_end < _NEVER:
                left = (load_end - now) * load_speed - load_excess
                load_end, load_excess = done_at(now, left, FULL_SPEED_PPM)
                load_speed = FULL_SPEED_PPM
        then = compute_end if compute_end < load_end else load_end
        if unload_end < then:
            then = unload_end
        if then > now:
            if then == _NEVER:
                return Log(records, footprint)
            alarm.callbacks = NOBODY
            ring(alarm, NORMAL, then - now)
            step()
            now = then
        ended = []
        if load_end == now:
            load_end = _NEVER
            ended.append(load)
            write((now, load, load_start))
        if compute_end == now:
            compute_end = _NEVER
            ended.append(compute)
            write((now, compute, compute_start))
        while unload_end == now:
            record = unloads.pop(0)
            ended.append(record[1])
            write(record)
            unload_end = unloads[0][0] if unloads else _NEVER
        if len(ended) > 1:
            records[-len(ended) :] = sorted(records[-len(ended) :])
        started, held_bytes = tell(ended)
