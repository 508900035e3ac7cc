"""The watched worker: starts it, samples its footprint, and brings back what it answers."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from devsim.core.child_python import python_command, python_environment
from devsim.core.errors import DevsimError
from devsim.core.trace import Footprint
from devsim.core.units import format_bytes
from devsim.execute.limit import HardLimit
from devsim.execute.requests import (
    ANSWER,
    Answer,
    Failure,
    PackageAnswer,
    ProfileAnswer,
    Request,
    Result,
    RunAnswer,
    Told,
)
from devsim.execute.sampler import FootprintSampler
from devsim.runtime.allocator import allocator_environment


class WorkerError(DevsimError):
    """The worker answered with an error, or ended without an answer."""

    def __init__(self, problem: str, fix: str, exit_status: int) -> None:
        self.exit_status = exit_status
        super().__init__(problem, fix)


class WorkerDiedError(WorkerError):
    """A signal ended the worker: whatever it was told to run cannot be run so."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem, fix, exit_status=1)


class KilledError(WorkerDiedError):
    """The worker was killed because it held more than its hard limit."""

    def __init__(self, footprint_bytes: int, limit_bytes: int, by: str) -> None:
        self.footprint_bytes = footprint_bytes
        super().__init__(
            f"killed by the {by} at a footprint of {format_bytes(footprint_bytes)}, "
            f"hard limit {format_bytes(limit_bytes)}",
            "plan with a smaller budget, or profile again: the plan counts less than is held",
        )


class Worker:
    """A fresh worker process; requests go to it one after another.

    Args:
        samples: where its footprint's samples go.
        limit: where ``restrict`` puts a hard limit, besides the watchdog on the samples.
    """

    def __init__(self, samples: list[Footprint], limit: HardLimit | None = None) -> None:
        self._process = subprocess.Popen(
            python_command("devsim.execute.worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=allocator_environment(python_environment(os.environ)),
            process_group=0,  # Ctrl-C is for the parent, which then ends this process
        )
        self._samples = samples
        self._limit = limit
        self._limit_bytes = 0
        if limit:
            limit.hold(self._process.pid)
        self._sampler = FootprintSampler(self._process.pid, samples)

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def ask(self, request: Request, on_told: Callable[[Told], None]) -> Result:
        """Have a request done, and wait for its result.

        Raises:
            WorkerError: the worker failed or died.
        """
        for answer in self._answers(request):
            if isinstance(answer, Failure):
                raise WorkerError(answer.problem, answer.fix, answer.exit_status)
            if isinstance(answer, RunAnswer | ProfileAnswer | PackageAnswer):
                return answer
            on_told(answer)
        raise self._death()

    def tell(self, request: Request) -> None:
        """Say something to a worker that is at work; it does not answer."""
        if self._process.stdin is None:
            raise AssertionError("the worker was started with pipes")
        with contextlib.suppress(BrokenPipeError):  # it has died, which its answers will show
            self._process.stdin.write(request.model_dump_json() + "\n")
            self._process.stdin.flush()

    def restrict(self, budget_bytes: int) -> None:
        """Kill the worker where its footprint rises above a budget."""
        self._limit_bytes = budget_bytes
        self._sampler.restrict(budget_bytes)
        if self._limit:
            self._limit.restrict(budget_bytes)

    def __enter__(self) -> Self:
        self._sampler.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate()
        self._sampler.__exit__(kind, error, traceback)
        if self._limit:
            self._limit.close()

    def _answers(self, request: Request) -> Iterator[Answer]:
        self.tell(request)
        for line in self._process.stdout or ():
            if line.endswith("\n"):  # a worker that is killed may leave half a line
                yield ANSWER.validate_json(line)

    def _death(self) -> WorkerError:
        status = self._process.wait()
        if self._sampler.killed_at_bytes is not None:
            return KilledError(self._sampler.killed_at_bytes, self._limit_bytes, "watchdog")
        if self._limit and self._limit.has_killed():
            largest = max((sample.bytes for sample in self._samples), default=0)
            return KilledError(largest, self._limit_bytes, self._limit.name)
        if status < 0:
            return WorkerDiedError(
                f"the worker process died ({signal.Signals(-status).name})",
                "run the package that it was at alone, with devsim run",
            )
        return WorkerError(
            f"the worker process ended without an answer (status {status})",
            "see what it printed above",
            3,
        )


def ask(request: Request, on_told: Callable[[Told], None]) -> Result:
    """Have a fresh worker process do one request.

    Raises:
        WorkerError: the worker failed or died.
    """
    with Worker([]) as worker:
        return worker.ask(request, on_told)
