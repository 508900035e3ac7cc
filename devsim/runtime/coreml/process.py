"""Helper processes: started ahead, asked one thing at a time, kept for the next package.

A package has a process of its own while it is loaded. So a load and a predict of different
packages overlap though coremltools holds Python's lock, and a package that kills its process at
its first predict (coremltools issue 2758) ends as an error that names it.
"""

import contextlib
import os
import pickle
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TypeVar

from devsim.core.child_python import python_environment
from devsim.runtime.coreml.errors import CoreMLError, EngineError
from devsim.runtime.coreml.messages import Answer, Failed, Request

_Expected = TypeVar("_Expected")


class HelperDiedError(Exception):
    """A helper ended without an answer; the text says how."""


class HelperProcess:
    """One helper; see ``devsim.runtime.coreml.helper``."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=python_environment(os.environ),
        )

    def ask(self, request: Request, expected: type[_Expected]) -> _Expected:
        """Send a request and wait for its answer.

        Raises:
            EngineError: Core ML said no.
            HelperDiedError: the process ended.
        """
        answer = self._exchange(request)
        if isinstance(answer, Failed):
            raise EngineError(ValueError(answer.reason))
        if not isinstance(answer, expected):
            raise AssertionError(f"{type(request).__name__} was answered with {answer}")
        return answer

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        for pipe in self._pipes():
            # A request that the process has not read is lost with it.
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def _exchange(self, request: Request) -> Answer:
        if self._process.returncode is not None:
            raise HelperDiedError(_how(self._process.returncode))
        requests, answers = self._pipes()
        try:
            pickle.dump(request, requests, protocol=pickle.HIGHEST_PROTOCOL)
            requests.flush()
            answer: Answer = pickle.load(answers)  # nosec B301
        except (BrokenPipeError, EOFError, pickle.UnpicklingError) as error:
            # Its pipes are closed, so it has ended or is about to: with its own status.
            status = self._process.wait()
            self.end()
            raise HelperDiedError(_how(status)) from error
        return answer

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("the helper was started with pipes")
        return self._process.stdin, self._process.stdout


class HelperPool:
    """Helpers that wait for work, at least one of them started ahead."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._lock = threading.Lock()
        self._idle: list[HelperProcess] = []
        self._all: list[HelperProcess] = []

    def take(self) -> HelperProcess:
        """A helper that holds nothing."""
        with self._lock:
            helper = self._idle.pop() if self._idle else self._start()
            if not self._idle:
                # Importing coremltools takes a second: not the next load's.
                self._idle.append(self._start())
            return helper

    def give_back(self, helper: HelperProcess) -> None:
        """Keep a helper that holds nothing for the next package."""
        with self._lock:
            if helper in self._all:
                self._idle.append(helper)

    def discard(self, helper: HelperProcess) -> None:
        """End a helper and forget it."""
        helper.end()
        with self._lock:
            if helper in self._all:
                self._all.remove(helper)

    @contextlib.contextmanager
    def taken(self) -> Iterator[HelperProcess]:
        """A helper that is discarded when the block fails; otherwise it is the caller's to keep."""
        helper = self.take()
        try:
            yield helper
        except BaseException:
            self.discard(helper)
            raise

    def close(self) -> None:
        """End every helper."""
        with self._lock:
            helpers, self._all, self._idle = self._all, [], []
        for helper in helpers:
            helper.end()

    def _start(self) -> HelperProcess:
        helper = HelperProcess(self._command)
        self._all.append(helper)
        return helper


@contextlib.contextmanager
def naming(package: Path, doing: str) -> Iterator[None]:
    """Turn what a helper raises into one line that names the package.

    Raises:
        CoreMLError: in place of EngineError and HelperDiedError.
    """
    try:
        yield
    except EngineError as error:
        raise CoreMLError(package, f"Core ML failed while {doing} ({error})") from error
    except HelperDiedError as error:
        raise CoreMLError(package, f"its process ended while {doing} ({error})") from error


def _how(status: int) -> str:
    if status >= 0:
        return f"status {status}, see what it printed above"
    return f"killed by {signal.Signals(-status).name}"
