"""Runs the command line in a fork of this process, which has imported it already, and watches it.

A fork starts in milliseconds where a fresh interpreter takes a quarter of a second, or four with
torch. Everything that a command may leave lands in its arena: temporary files and home too.
"""

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
from typing import NamedTuple

from fuzz.arena import Arena
from fuzz.watch import STARVED, Limits, Reason, Watch, end

Main = Callable[[], None]
"""What a command line starts: takes its arguments from ``sys.argv``."""

_OUTPUT_LIMIT = 8 << 20
_LARGEST_FILE = 2 << 30
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, getrusage(2)


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
    ended_for: Reason
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
    watch = Watch(pid, limits)
    try:
        while (ended := os.wait4(pid, os.WNOHANG))[0] == 0:
            watch.look()
            yield
    except BaseException:  # Ctrl-C, or a generator that is closed
        os.kill(pid, signal.SIGKILL)
        os.wait4(pid, 0)
        end(pid)
        raise
    seconds = time.monotonic() - started
    left = end(pid)
    texts = [path.open("rb").read(_OUTPUT_LIMIT) if path.exists() else b"" for path in said]
    return Outcome(
        status=os.waitstatus_to_exitcode(ended[1]),
        ended_for=watch.ended_for,
        seconds=seconds,
        peak_bytes=max(watch.peak_bytes, ended[2].ru_maxrss * _PEAK_UNIT),
        stdout=texts[0],
        stderr=texts[1],
        left=() if watch.ended_for else left,
    )


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
        (resource.RLIMIT_CPU, int(STARVED * limits.seconds) + 1),
    ):
        resource.setrlimit(what, (size, resource.getrlimit(what)[1]))


def _redirect(said: tuple[Path, Path]) -> None:
    streams = (os.devnull, os.O_RDONLY), *((str(p), os.O_WRONLY | os.O_CREAT) for p in said)
    for number, (path, flags) in enumerate(streams):
        handle = os.open(path, flags, 0o600)
        os.dup2(handle, number)
        os.close(handle)
    os.closerange(3, 1024)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    out, err = (io.FileIO(number, "w", closefd=False) for number in (1, 2))
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(out), "utf-8", "strict")
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(err), "utf-8", "backslashreplace", write_through=True
    )


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
    except BaseException:  # noqa: BLE001  as the interpreter does, whatever it is
        traceback.print_exc()
        return 1
    return 0


def freeze() -> None:
    """Spare the forks the copying of every object that the collector would touch."""
    gc.collect()
    gc.freeze()
