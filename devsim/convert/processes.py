"""Jobs done in fresh processes, several at once."""

import contextlib
import os
import pickle
import re
import selectors
import signal
import subprocess
import tempfile
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from devsim.convert.job import Assignment, Job, perform
from devsim.convert.outcome import OUTCOME, Failed, Outcome
from devsim.core.child_python import python_command, python_environment

_GO_ON = "convert again, which goes on with what is missing; --stage leaves other stages out"


def make_here(assignments: Sequence[tuple[Job, Path]]) -> Generator[tuple[Job, Outcome]]:
    """Make every package in this process; what goes wrong is raised."""
    for job, package in assignments:
        yield job, perform(job, package)


def make_in_processes(
    assignments: Sequence[tuple[Job, Path]], processes: int
) -> Generator[tuple[Job, Outcome]]:
    """Make every package in a process of its own; closing the iterator ends the processes.

    Args:
        assignments: jobs, and the paths where their packages are to be written.
        processes: how many run at once.

    Yields:
        A job and what has become of it, in the order in which they end.
    """
    threads = max(1, (os.cpu_count() or 1) // processes)
    waiting = iter(assignments)
    with selectors.DefaultSelector() as selector:
        try:
            while True:
                while len(selector.get_map()) < processes and (next_one := next(waiting, None)):
                    running = _start(Assignment(*next_one, threads))
                    selector.register(running.answers, selectors.EVENT_READ, running)
                if not selector.get_map():
                    return
                for key, _ in selector.select():
                    outcome = key.data.finish()
                    selector.unregister(key.fileobj)
                    yield key.data.job, outcome
        finally:
            for key in list(selector.get_map().values()):
                key.data.end()


@dataclass(frozen=True, slots=True)
class _Running:
    job: Job
    process: "subprocess.Popen[bytes]"
    answers: IO[bytes]
    chatter: IO[bytes]

    def finish(self) -> Outcome:
        """Wait for the process, which has begun to answer or has closed its output."""
        try:
            line = self.answers.readline()
            return OUTCOME.validate_json(line) if line.endswith(b"\n") else self._crash()
        finally:
            self.end()

    def _crash(self) -> Failed:
        status = self.process.wait()
        ending = f"ended with status {status}"
        if status < 0:
            ending = f"was killed by {signal.Signals(-status).name}"
        self.chatter.seek(0)
        reason = _reason(self.chatter.read().decode(errors="replace"))
        problem = f"{self.job.package.as_posix()}: the converter {ending}{reason}"
        return Failed(problem=problem, fix=_GO_ON, exit_status=3, concerns_all=False)

    def end(self) -> None:
        """End the process, if it has not ended, and close what was opened for it."""
        self.process.kill()
        self.process.communicate()
        self.chatter.close()


def _start(assignment: Assignment) -> _Running:
    pickled = pickle.dumps(assignment)
    chatter, name = tempfile.mkstemp(prefix="devsim-convert-")
    Path(name).unlink()
    process = subprocess.Popen(
        python_command("devsim.convert.worker"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=chatter,
        env=python_environment(os.environ),
    )
    if process.stdin is None or process.stdout is None:
        raise AssertionError("the worker was started with pipes")
    with contextlib.suppress(BrokenPipeError):  # it has crashed: told when it is waited for
        process.stdin.write(b"%d\n%b" % (len(pickled), pickled))
        process.stdin.flush()
    return _Running(assignment.job, process, process.stdout, os.fdopen(chatter, "rb"))


def _reason(said: str) -> str:
    """What a process that crashed has said last, in brackets: Python's own words if there are."""
    fatal = re.search(r"^Fatal Python error: .*", said, re.MULTILINE)
    lines = [line for line in said.splitlines() if line.strip()]
    if fatal:
        return f" ({fatal.group().strip()})"
    return f" ({lines[-1].strip()})" if lines else ""
