"""Watches a run, and ends it when it takes too long or holds too much."""

import contextlib
import os
import time
from typing import Literal, NamedTuple

import psutil

Reason = Literal["", "hang", "memory"]
"""Why a run was ended; empty: it was not."""

STARVED = 6
"""How many times the limit a run may take that gets no turn on a busy machine."""
_LIST_EVERY_S = 0.25


class Limits(NamedTuple):
    """What a run may take before it is ended."""

    seconds: float
    peak_bytes: int


class Watch:
    """Ends a run that takes too long or holds too much."""

    def __init__(self, pid: int, limits: Limits) -> None:
        self._process = psutil.Process(pid)
        self._limits = limits
        self._started = time.monotonic()
        self._listed = self._started
        self._tree = [self._process]
        self._window = 0.0, 0.0
        self._awake: list[bool] = []
        self.ended_for: Reason = ""
        self.peak_bytes = 0

    def look(self) -> None:
        """Look once."""
        now = time.monotonic()
        if self.ended_for:
            return
        if now - self._listed > _LIST_EVERY_S:
            self._listed = now
            with contextlib.suppress(psutil.Error):
                self._tree = [self._process, *self._process.children(recursive=True)]
        self.peak_bytes = max(self.peak_bytes, *(_held_bytes(each) for each in self._tree))
        if self.peak_bytes > self._limits.peak_bytes:
            self._end("memory")
        elif now - self._started > self._limits.seconds and self._hangs(now - self._started):
            self._end("hang")

    def _hangs(self, elapsed: float) -> bool:
        """A busy machine alone may make a run late: it hangs if it has had its time or sleeps."""
        used = sum(_cpu_seconds(each) for each in self._tree)
        if used > self._limits.seconds or elapsed > STARVED * self._limits.seconds:
            return True
        since, used_then = self._window
        self._awake.append(any(_is_awake(each) for each in self._tree))
        if elapsed - since < 1:
            return False
        asleep = since > 0 and used - used_then < 0.3 and 2 * sum(self._awake) < len(self._awake)
        self._window, self._awake = (elapsed, used), []
        return asleep

    def _end(self, why: Literal["hang", "memory"]) -> None:
        self.ended_for = why
        end(self._process.pid)


def _held_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        used = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(used.user + used.system + used.children_user + used.children_system)


def _is_awake(process: psutil.Process) -> bool:
    try:
        return process.status() in (psutil.STATUS_RUNNING, psutil.STATUS_DISK_SLEEP)
    except psutil.Error:
        return False


def end(pid: int) -> tuple[str, ...]:
    """End every process of the session that a run has begun, and say what they were.

    A worker may lead a process group of its own, but stays in the session.
    """
    ended = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if os.getsid(process.pid) == pid and process.status() != psutil.STATUS_ZOMBIE:
                ended.append(" ".join(process.cmdline())[-100:])
                process.kill()
    return tuple(ended)
