"""Two lanes in simulated time that slow each other while both are busy (simpy).

Work is counted in millionths of a nanosecond at full speed and speeds in parts per million, so
all arithmetic is on integers; an activity ends at the first whole nanosecond by which its work is
done.
"""

from collections.abc import Callable

import simpy
from simpy.events import Event, Timeout

FULL_SPEED_PPM = 1_000_000


class Lane:
    """One activity at a time; ``contended_ppm`` is the lane's speed while its neighbour is busy."""

    def __init__(self, env: simpy.Environment, contended_ppm: int) -> None:
        self._env = env
        self._contended_ppm = contended_ppm
        self._neighbour: Lane | None = None
        self._work = 0
        self._speed_ppm = 0
        self._since_ns = 0
        self._on_end: Callable[[], None] | None = None
        self._alarm: Timeout | None = None

    def beside(self, neighbour: "Lane") -> None:
        """Make two lanes neighbours of each other."""
        self._neighbour, neighbour._neighbour = neighbour, self

    @property
    def busy(self) -> bool:
        """Whether an activity runs."""
        return self._on_end is not None

    def run(self, duration_ns: int, on_end: Callable[[], None]) -> None:
        """Start an activity that takes ``duration_ns`` alone; call ``on_end`` when it is done."""
        self._work = duration_ns * FULL_SPEED_PPM
        self._since_ns = self._now
        self._on_end = on_end
        self._set_speed()
        if self._neighbour and self._neighbour.busy:
            self._neighbour._change_speed()

    @property
    def _now(self) -> int:
        return int(self._env.now)

    def _change_speed(self) -> None:
        self._work -= (self._now - self._since_ns) * self._speed_ppm
        self._since_ns = self._now
        self._set_speed()

    def _set_speed(self) -> None:
        contended = self._neighbour is not None and self._neighbour.busy
        self._speed_ppm = self._contended_ppm if contended else FULL_SPEED_PPM
        remaining_ns = -(-max(self._work, 0) // self._speed_ppm)
        self._alarm = self._env.timeout(remaining_ns)
        self._alarm.callbacks.append(self._ring)

    def _ring(self, alarm: Event) -> None:
        """End the activity, unless the alarm was set before the speed last changed."""
        if alarm is not self._alarm or self._on_end is None:
            return
        on_end, self._on_end, self._alarm = self._on_end, None, None
        if self._neighbour and self._neighbour.busy:
            self._neighbour._change_speed()
        on_end()
