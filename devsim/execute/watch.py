"""The watched worker: starts it, samples its footprint, and brings back what it answers."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import psutil

from devsim.core.errors import DevsimError
from devsim.core.trace import Footprint
from devsim.execute.footprint import footprint_bytes
from devsim.execute.requests import (
    ANSWER,
    Answer,
    Failure,
    Progress,
    Request,
)

_SAMPLE_EVERY_S = 0.005
_ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "1048576", "MALLOC_ARENA_MAX": "2"}
"""glibc keeps freed blocks below a threshold that it raises as it goes: held at 1 MiB, and with
two arenas, freed activations return to the system and the footprint is what is in use."""


class WorkerError(DevsimError):
    """The worker ended without an answer, or answered with an error."""

    def __init__(self, problem: str, fix: str, exit_status: int) -> None:
        self.exit_status = exit_status
        super().__init__(problem, fix)


class FootprintSampler:
    """Samples a process's footprint on a thread; times are time.monotonic_ns."""

    def __init__(self, pid: int) -> None:
        self.samples: list[Footprint] = []
        self._pid = pid
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="devsim-footprint", daemon=True)

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
        while not self._stopped.wait(_SAMPLE_EVERY_S):
            try:
                size = footprint_bytes(self._pid)
            except psutil.NoSuchProcess:
                return
            self.samples.append(Footprint(time.monotonic_ns(), size))


def ask(
    request: Request, on_progress: Callable[[Progress], None]
) -> tuple[Answer, list[Footprint]]:
    """Have a fresh worker process do one request.

    Returns:
        The last answer, and the worker's footprint over its life.

    Raises:
        WorkerError: the worker failed or died.
    """
    with _worker() as worker, FootprintSampler(worker.pid) as sampler:
        for answer in _answers(worker, request.model_dump_json()):
            if isinstance(answer, Progress):
                on_progress(answer)
            elif isinstance(answer, Failure):
                raise WorkerError(answer.problem, answer.fix, answer.exit_status)
            else:
                return answer, sampler.samples
        status = worker.wait()
    raise WorkerError(
        f"the worker process ended without an answer (status {status})",
        "see what it printed above; a negative status is the signal that killed it",
        3,
    )


@contextmanager
def _worker() -> Iterator["subprocess.Popen[str]"]:
    worker = subprocess.Popen(
        [sys.executable, "-m", "devsim.execute.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **_ALLOCATOR},
    )
    try:
        yield worker
    finally:
        worker.kill()
        worker.communicate()


def _answers(worker: "subprocess.Popen[str]", request: str) -> Iterator[Answer]:
    if worker.stdin is None or worker.stdout is None:
        raise AssertionError("the worker was started with pipes")
    worker.stdin.write(request + "\n")
    worker.stdin.flush()
    for line in worker.stdout:
        if line.endswith("\n"):  # a worker that is killed may leave half a line
            yield ANSWER.validate_json(line)
