"""One run on one loader, without a clock: from one instant at which something ends to the next.

The rules are those of ``devsim.policy.schedule``, written a second time in a form that does little
else than add and compare: a run is two lanes, a row of unloads, and the bytes held.
"""

from bisect import insort
from collections.abc import Sequence
from itertools import accumulate
from operator import not_
from typing import NamedTuple

from devsim.policy.timetable import Costs, Decisions
from devsim.simulate.speeds import FULL_SPEED_PPM, Speeds

_NEVER = 1 << 200
_ELSEWHERE = 1 << 100


class Outcome(NamedTuple):
    """What one run came to."""

    makespan_ns: int
    peak_bytes: int
    stall_ns: int
    """The compute lane idle, before the last compute."""
    steady: dict[int, tuple[int, int]]
    """By stage: how much makespan and stall each further iteration adds, where that is settled."""


class _Repeated:
    """Tells whether an iteration of a stage starts as the one before it did."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Another stage starts."""
        self._before: object = None
        self._now = self._stall_ns = 0

    def adds(self, state: object, now: int, stall_ns: int) -> tuple[int, int] | None:
        """The makespan and stall that the iteration between two equal states has added."""
        added = (now - self._now, stall_ns - self._stall_ns) if state == self._before else None
        self._before, self._now, self._stall_ns = state, now, stall_ns
        return added


def run(
    costs: Costs,
    decisions: Decisions,
    iterations: Sequence[int],
    base_bytes: int,
    budget_bytes: int,
    speeds: Speeds,
) -> Outcome:
    """Run to the last compute's end.

    A stage is steady once an iteration starts exactly as the one before it did, everything taken
    relative to that instant: from there on each iteration repeats the last one, but for those at
    the end, in which what was kept goes and the loader may be at work for the next stage.
    """
    load_ns, compute_ns, unload_ns = costs.load_ns, costs.compute_ns, costs.unload_ns
    resident, transient, activation = (
        costs.resident_bytes,
        costs.transient_bytes,
        costs.activation_bytes,
    )
    before, stays = costs.before, decisions.stays
    window, distance, while_computing = (
        decisions.window,
        decisions.distance,
        decisions.while_computing,
    )
    total, most_activation, plain = len(resident), max(activation), speeds.plain
    due = [number for number, is_kept in enumerate(decisions.kept) if not is_kept]
    due_by = list(accumulate(map(not_, decisions.kept)))
    dues = len(due)
    due.append(total)
    stage, stage_end = 0, costs.first[1]
    border = length = costs.first[1] // iterations[0]
    steady: dict[int, tuple[int, int]] = {}
    repeated = _Repeated()
    leaving_at: list[tuple[int, int, int]] = []
    footprint = peak = base_bytes
    leaving = now = current = next_due = stall_ns = idle_since = 0
    waits_for = due[0]
    computing = loading = hungry = False
    compute_end = load_end = _NEVER
    compute_work = compute_since = compute_speed = load_work = load_since = load_speed = 0
    beside_compute = beside_load = FULL_SPEED_PPM
    while True:
        if not computing and current < waits_for:
            passing = activation[current]
            hungry = footprint + passing > budget_bytes
            if not hungry:
                computing = True
                footprint += passing
                leaving += passing
                stall_ns += now - idle_since
                if plain:
                    compute_end = now + compute_ns[current]
                else:
                    compute_work, compute_speed = compute_ns[current] * FULL_SPEED_PPM, 0
                    compute_since = now
                    beside_load = speeds.compute_ppm[stage]
                    beside_compute = speeds.load_ppm[stage]
        blocked = hungry
        if not loading and next_due < dues:
            number = due[next_due]
            earlier_number = before[number]
            size = resident[number]
            staying = footprint - leaving + size
            if earlier_number >= current or (
                number != current
                and (
                    next_due - due_by[current] >= window[number]
                    or number - current > distance[number]
                    or (while_computing[number] and not computing)
                )
            ):
                pass
            elif (
                hungry
                or footprint + size + transient[number] > budget_bytes
                or (
                    staying + most_activation > budget_bytes
                    and staying + max(activation[current : number + 1]) > budget_bytes
                )
                or (
                    leaving_at
                    and earlier_number >= 0
                    and any(gone == earlier_number for _, _, gone in leaving_at)
                )
            ):
                blocked = True
            else:
                loading = True
                next_due += 1
                footprint += size + transient[number]
                leaving += transient[number]
                if plain:
                    load_end = now + load_ns[number]
                else:
                    load_work, load_speed = load_ns[number] * FULL_SPEED_PPM, 0
                    load_since = now
        if not plain:
            if computing:
                speed = beside_load if loading else FULL_SPEED_PPM
                if speed != compute_speed:
                    compute_work -= (now - compute_since) * compute_speed
                    compute_since, compute_speed = now, speed
                    compute_end = now - (-compute_work // speed)
            if loading:
                speed = beside_compute if computing else FULL_SPEED_PPM
                if speed != load_speed:
                    load_work -= (now - load_since) * load_speed
                    load_since, load_speed = now, speed
                    load_end = now - (-load_work // speed)
        then = compute_end if compute_end < load_end else load_end
        if blocked and leaving_at and leaving_at[0][0] < then:
            then = leaving_at[0][0]
        if then > now:
            if leaving_at and leaving_at[0][0] <= now:
                gone_bytes = _take_gone(leaving_at, now)
                footprint -= gone_bytes
                leaving -= gone_bytes
            if footprint > peak:
                peak = footprint
            now = then
        if leaving_at and leaving_at[0][0] <= now:
            gone_bytes = _take_gone(leaving_at, now)
            footprint -= gone_bytes
            leaving -= gone_bytes
        if load_end == now:
            loading = False
            load_end = _NEVER
            passing = transient[due[next_due - 1]]
            footprint -= passing
            leaving -= passing
            waits_for = due[next_due]
        if compute_end == now:
            computing = False
            compute_end = _NEVER
            passing = activation[current]
            footprint -= passing
            leaving -= passing
            if not stays[current]:
                size = resident[current]
                leaving += size
                insort(leaving_at, (now + unload_ns[current], size, current))
            idle_since = now
            current += 1
            if current == border:
                if current == total:
                    gone_bytes = sum(size for end_ns, size, _ in leaving_at if end_ns <= now)
                    return Outcome(now, max(peak, footprint - gone_bytes), stall_ns, steady)
                if current == stage_end:
                    stage += 1
                    stage_end = costs.first[stage + 1]
                    length = (stage_end - current) // iterations[stage]
                    repeated.clear()
                else:
                    number = due[next_due]
                    left = -1
                    if loading:
                        left = load_end - now
                        if not plain:
                            left = load_work - (now - load_since) * load_speed
                    state = (
                        number - current if number < stage_end else number + _ELSEWHERE,
                        left,
                        footprint,
                        leaving,
                        [(end_ns - now, size, gone - current) for end_ns, size, gone in leaving_at],
                    )
                    adds = repeated.adds(state, now, stall_ns)
                    if adds and (number - current < length or stage_end - current >= 2 * length):
                        steady[stage] = adds
                border += length


def _take_gone(leaving_at: list[tuple[int, int, int]], now: int) -> int:
    """Remove the unloads that have ended, and return how much they free."""
    gone_bytes = 0
    while leaving_at and leaving_at[0][0] <= now:
        gone_bytes += leaving_at.pop(0)[1]
    return gone_bytes
