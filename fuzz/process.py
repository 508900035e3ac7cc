"""Runs the command line in a fork of this process, which has imported it already, and watches it.

A fork starts in milliseconds where a fresh interpreter takes a quarter of a second, or four with
torch. Everything that a command may leave lands in its arena: temporary files and home too.
"""

import contextlib
import gc
import io
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import psutil

from fuzz.arena import Arena

Main = Callable[[], None]
"""What a command line starts: takes its arguments from ``sys.argv``."""

_OUTPUT_LIMIT = 8 << 20
_LARGEST_FILE = 2 << 30
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, getrusage(2)
_STARVED = 6
"""How many times the limit a run may take that gets no turn on a busy machine."""


class Limits(NamedTuple):
    """What a run may take before it is ended."""

    seconds: float
    peak_bytes: int


class Outcome(NamedTuple):
    """What became of a run.

    Attributes:
        status: its exit status; negative for a signal.
        ended_for: why it was ended, if it was.
        seconds: how long it took.
        peak_bytes: the most that one of its processes held.
        stdout: the beginning of what it printed.
        stderr: likewise.
        left: commands of the processes that it left running.
    """

    status: int
    ended_for: Literal["", "hang", "memory"]
    seconds: float
    peak_bytes: int
    stdout: bytes
    stderr: bytes
    left: tuple[str, ...]


def run(
    main: Main, args: Sequence[str], arena: Arena, limits: Limits
) -> Generator[None, None, Outcome]:
    """Run a command line in an arena; yields while it runs.

    Args:
        main: what it starts.
        args: its arguments, without the name of the program.
        arena: where it runs.
        limits: when to end it.
    """
    said = arena.folder / "stdout", arena.folder / "stderr"
    sys.stdout.flush()
    sys.stderr.flush()
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _be_the_command(main, args, arena, said, limits)
    watch = _Watch(pid, limits)
    try:
        while (ended := os.wait4(pid, os.WNOHANG))[0] == 0:
            watch.look()
            yield
    except BaseException:  # Ctrl-C, or a generator that is closed
        _end(pid)
        os.wait4(pid, 0)
        raise
    seconds = time.monotonic() - started
    left = () if watch.ended_for else tuple(_commands(pid))
    _end(pid)
    texts = [path.open("rb").read(_OUTPUT_LIMIT) if path.exists() else b"" for path in said]
    return Outcome(
        status=os.waitstatus_to_exitcode(ended[1]),
        ended_for=watch.ended_for,
        seconds=seconds,
        peak_bytes=max(watch.peak_bytes, ended[2].ru_maxrss * _PEAK_UNIT),
        stdout=texts[0],
        stderr=texts[1],
        left=left,
    )


class _Watch:
    """Ends a run that takes too long or holds too much."""

    def __init__(self, pid: int, limits: Limits) -> None:
        self._process = psutil.Process(pid)
        self._limits = limits
        self._started = time.monotonic()
        self._listed = self._started
        self._tree = [self._process]
        self._window = 0.0, 0.0
        self._awake: list[bool] = []
        self.ended_for: Literal["", "hang", "memory"] = ""
        self.peak_bytes = 0

    def look(self) -> None:
        """Look once."""
        now = time.monotonic()
        if self.ended_for:
            return
        if now - self._listed > 0.25:
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
        if used > self._limits.seconds or elapsed > _STARVED * self._limits.seconds:
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
        _end(self._process.pid)


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


def _session(pid: int) -> list[psutil.Process]:
    """Every process of the session that a run has begun; a worker may lead a group of its own."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if os.getsid(process.pid) == pid and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def _commands(pid: int) -> list[str]:
    names = []
    for process in _session(pid):
        with contextlib.suppress(psutil.Error):
            names.append(" ".join(process.cmdline())[-100:])
    return names


def _end(pid: int) -> None:
    for process in _session(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)


def _be_the_command(
    main: Main, args: Sequence[str], arena: Arena, said: tuple[Path, Path], limits: Limits
) -> None:
    """In the fork: everything a fresh process would have, then the command; never returns."""
    status = 70
    try:
        os.setsid()
        _restrict(limits)
        _redirect(said)
        _settle(arena)
        sys.argv = ["devsim", *args]
        status = _status_of(main)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _restrict(limits: Limits) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for what, size in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, _LARGEST_FILE),
        (resource.RLIMIT_CPU, int(_STARVED * limits.seconds) + 1),
    ):
        resource.setrlimit(what, (size, resource.getrlimit(what)[1]))


def _redirect(said: tuple[Path, Path]) -> None:
    streams = (os.devnull, os.O_RDONLY), *((str(p), os.O_WRONLY | os.O_CREAT) for p in said)
    for number, (path, flags) in enumerate(streams):
        handle = os.open(path, flags, 0o600)
        os.dup2(handle, number)
        os.close(handle)
    os.closerange(3, 1024)
    sys.stdin = open(0, closefd=False)  # noqa: PTH123, SIM115
    out, err = (io.FileIO(number, "w", closefd=False) for number in (1, 2))
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(out), "utf-8", "strict")
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(err), "utf-8", "backslashreplace", write_through=True
    )
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr


def _settle(arena: Arena) -> None:
    os.chdir(arena.work)
    tempfile.tempdir = None
    caches = str(arena.folder / "caches")  # of torch, which fills them whatever devsim does
    os.environ |= {"TMPDIR": str(arena.temporary), "HOME": str(arena.home), "COLUMNS": "80"}
    os.environ |= {"TORCHINDUCTOR_CACHE_DIR": caches, "XDG_CACHE_HOME": caches}


def _status_of(main: Main) -> int:
    """As the interpreter ends: ``SystemExit`` is a status, anything else a traceback."""
    try:
        main()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return int(end.code or 0) & 0xFF
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def freeze() -> None:
    """Spare the forks the copying of every object that the collector would touch."""
    gc.collect()
    gc.freeze()
