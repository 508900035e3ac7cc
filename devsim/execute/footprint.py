"""The footprint of a process: the memory that counts against its limit.

iOS charges an app for its dirty memory and not for clean pages of mapped files (Apple, "Reducing
your app's memory use"; ``phys_footprint``). The nearest on Linux is anonymous plus shared memory
(proc(5), ``RssAnon`` and ``RssShmem``). On macOS it is ``phys_footprint`` itself, of the process
and of those that it has started: the coreml runtime holds packages in helper processes.
"""

import contextlib
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

_SAMPLE_EVERY_S = 0.001


def footprint_bytes(pid: int) -> int:
    """Bytes that a process holds now.

    Raises:
        psutil.NoSuchProcess: the process has ended.
    """
    if sys.platform == "darwin":
        return _phys_footprint(pid)
    if sys.platform != "linux":
        return int(psutil.Process(pid).memory_full_info().uss)
    try:
        status = _status(pid)
        return _size(status, b"RssAnon") + _size(status, b"RssShmem")
    except (FileNotFoundError, ProcessLookupError):
        raise psutil.NoSuchProcess(pid) from None


def _phys_footprint(pid: int) -> int:
    from devsim.runtime.coreml.libproc import children, phys_footprint

    try:
        total = phys_footprint(pid)
    except ProcessLookupError:
        raise psutil.NoSuchProcess(pid) from None
    for child in children(pid):
        with contextlib.suppress(ProcessLookupError):  # ended since it was listed
            total += phys_footprint(child)
    return total


class PeakMeter:
    """How far this process's memory rises above where it stood when the block was entered.

    On Linux the kernel's own high-water mark, so no peak is missed, but of all memory, clean pages
    of files too; elsewhere samples of the footprint.
    """

    def __enter__(self) -> Self:
        self._before, self._read = _start_meter()
        self._files_before = _file_bytes()
        self.rise_bytes = 0
        self.file_bytes = 0
        """Of the rise at most: pages of files, which are no footprint, that came in meanwhile."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.rise_bytes = max(0, self._read() - self._before)
        self.file_bytes = max(0, _file_bytes() - self._files_before)


def _file_bytes() -> int:
    return _size(_status(os.getpid()), b"RssFile") if sys.platform == "linux" else 0


def _start_meter() -> tuple[int, Callable[[], int]]:
    if sys.platform == "linux":
        Path("/proc/self/clear_refs").write_text("5")
        pid = os.getpid()
        return _size(_status(pid), b"VmRSS"), lambda: _size(_status(pid), b"VmHWM")
    sampler = _Sampler()
    return sampler.largest, sampler.stop


class _Sampler:
    """Samples this process on a thread of its own."""

    def __init__(self) -> None:
        self._pid = psutil.Process().pid
        self.largest = footprint_bytes(self._pid)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        self._stopped.set()
        self._thread.join()
        return self.largest

    def _run(self) -> None:
        while not self._stopped.wait(_SAMPLE_EVERY_S):
            self.largest = max(self.largest, footprint_bytes(self._pid))


def _status(pid: int) -> bytes:
    """A process's /proc status file, cheaply: a sampler is not to slow what it watches."""
    file = os.open(f"/proc/{pid}/status", os.O_RDONLY)
    try:
        return os.read(file, 1 << 14)
    finally:
        os.close(file)


def _size(status: bytes, name: bytes) -> int:
    """A size in a /proc status file, in bytes.

    Raises:
        ProcessLookupError: it has none, as of a process that has exited and is not yet reaped.
    """
    _, found, rest = status.partition(b"\n" + name + b":")
    if not found:
        raise ProcessLookupError
    return int(rest.partition(b"kB")[0]) * 1024
