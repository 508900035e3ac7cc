"""Running loads and computes that slow each other.

Work is counted in millionths of a nanosecond at full speed and speeds in parts per million, so
all arithmetic is on integers; an activity ends at the first whole nanosecond by which its work is
done.
"""

from heapq import heappop, heappush

from devsim.policy.schedule import COMPUTE, UNLOAD
from devsim.policy.timetable import Costs
from devsim.simulation.speeds import FULL_SPEED_PPM, Speeds

_End = tuple[int, int, int]
"""When an activity ends, its code, and when it started."""


class _Running:
    """An activity, how much work it has left, and when that is done if nothing changes."""

    __slots__ = ("code", "end_ns", "speed_ppm", "start_ns", "work")

    def __init__(self, code: int, start_ns: int, duration_ns: int) -> None:
        self.code = code
        self.start_ns = start_ns
        self.end_ns = -1
        self.work = duration_ns * FULL_SPEED_PPM
        self.speed_ppm = 0


class Lanes:
    """What runs on the lanes; an activity's work goes on at another speed when others change."""

    def __init__(self, costs: Costs, speeds: Speeds) -> None:
        self._speeds = speeds
        self._stage_of = [
            stage
            for stage in range(len(costs.first) - 1)
            for _ in range(costs.first[stage], costs.first[stage + 1])
        ]
        self._running: dict[int, _Running] = {}
        self._computing = -1
        self._since_ns = 0
        self._changed = False

    def start(self, code: int, now: int, duration_ns: int) -> None:
        """Start an activity that takes so long alone."""
        self._running[code] = _Running(code, now, duration_ns)
        if code & 3 == COMPUTE:
            self._computing = self._stage_of[code >> 4]
        self._changed = True

    def end(self, ends: list[_End]) -> list[_End]:
        """End activities; returns those ends that are real: that have not moved since."""
        real = []
        for end in ends:
            code = end[1]
            if code & 3 != UNLOAD:
                activity = self._running.get(code)
                if activity is None or activity.end_ns != end[0]:
                    continue
                del self._running[code]
                self._changed = True
                if code & 3 == COMPUTE:
                    self._computing = -1
            real.append(end)
        return real

    def change_speeds(self, now: int, ends: list[_End]) -> None:
        """Set every speed to what now runs beside it, and add the ends that have moved."""
        if not self._changed:
            return
        self._changed = False
        elapsed_ns, self._since_ns = now - self._since_ns, now
        loads = len(self._running) - (self._computing >= 0)
        speeds, stage = self._speeds, self._computing
        load_ppm = (speeds.shared_load_ppm if loads > 1 else speeds.load_ppm)[stage]
        compute_ppm = speeds.compute_ppm[stage] if loads else FULL_SPEED_PPM
        for activity in self._running.values():
            speed_ppm = compute_ppm if activity.code & 3 == COMPUTE else load_ppm
            activity.work -= elapsed_ns * activity.speed_ppm
            if speed_ppm != activity.speed_ppm:
                activity.speed_ppm = speed_ppm
                end_ns = now - (-activity.work // speed_ppm)
                if end_ns != activity.end_ns:
                    activity.end_ns = end_ns
                    heappush(ends, (end_ns, activity.code, activity.start_ns))

    def drop_moved(self, ends: list[_End]) -> None:
        """Drop ends that come first and have moved, so that the first one is real."""
        while ends and ends[0][1] & 3 != UNLOAD:
            end_ns, code, _ = ends[0]
            activity = self._running.get(code)
            if activity is not None and activity.end_ns == end_ns:
                return
            heappop(ends)
