"""Samples the footprint of another process, and may end it as iOS ends an app."""

import contextlib
import os
import signal
import threading
import time
from types import TracebackType
from typing import Self

import psutil

from devsim.core.trace import Footprint
from devsim.execute.footprint import footprint_bytes

SAMPLE_EVERY_NS = 5_000_000


class FootprintSampler:
    """Samples a process's footprint on a thread; times are time.monotonic_ns.

    Args:
        pid: of the process.
        samples: where they go.
    """

    def __init__(self, pid: int, samples: list[Footprint]) -> None:
        self.killed_at_bytes: int | None = None
        """The footprint for which the process was killed."""
        self._samples = samples
        self._pid = pid
        self._limit_bytes: int | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="devsim-footprint", daemon=True)

    def restrict(self, budget_bytes: int) -> None:
        """Kill the process (SIGKILL, as jetsam does) when a sample is above a budget."""
        self._limit_bytes = budget_bytes

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(SAMPLE_EVERY_NS / 1e9):
            try:
                size = footprint_bytes(self._pid)
            except psutil.NoSuchProcess:
                return
            self._samples.append(Footprint(time.monotonic_ns(), size))
            if self._limit_bytes is not None and size > self._limit_bytes:
                self.killed_at_bytes = size
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._pid, signal.SIGKILL)
                return
