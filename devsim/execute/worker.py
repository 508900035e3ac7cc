"""The process that runs models: ``python -m devsim.execute.worker``.

Models run in a process of their own because a package may load well and then kill its process,
and because a footprint is only clean where nothing else lives. Every line on standard input is a
request, every line on standard output an answer (``devsim.execute.requests``). The process ends
with its standard input, so it never outlives the one that started it.
"""

import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from typing import TextIO

from devsim.core.errors import DevsimError
from devsim.execute.arrays import write_npz
from devsim.execute.environment import describe
from devsim.execute.executor import Executor
from devsim.execute.inputs import stage_inputs
from devsim.execute.lanes import Surroundings
from devsim.execute.models import Models
from devsim.execute.package_run import Package, run_package
from devsim.execute.profiler import profile_models
from devsim.execute.requests import (
    REQUEST,
    Answer,
    Failure,
    PackageAnswer,
    PackageRequest,
    ProfileAnswer,
    ProfileRequest,
    Progress,
    Request,
    RunAnswer,
    RunRequest,
    Setting,
    ShrinkRequest,
    UnchunkedRequest,
)
from devsim.execute.unchunked import open_unchunked, run_unchunked
from devsim.policy.named import policy_of
from devsim.runtime.choose import open_runtime
from devsim.runtime.protocol import Runtime
from devsim.runtime.waiting import leave_cores_to_loads, usable_cores

_SWITCH_EVERY_S = 0.0002
"""How long a lane that runs Python may keep another one waiting that has just computed or read;
at Python's own 5 ms a cold load would hold up every operation of the compute beside it."""


class _Worker:
    def __init__(self, answers: TextIO) -> None:
        self._answers = answers
        self._requests: queue.SimpleQueue[Request] = queue.SimpleQueue()
        self._running: Executor | None = None

    def serve(self) -> None:
        while True:
            request = self._requests.get()
            try:
                self._answer(request)
            except DevsimError as error:
                status = error.exit_status
                self._say(Failure(problem=error.problem, fix=error.fix, exit_status=status))

    def listen(self) -> None:
        for line in _lines(sys.stdin.fileno()):
            request = REQUEST.validate_json(line)
            if not isinstance(request, ShrinkRequest):
                self._requests.put(request)
            elif self._running is not None:
                self._running.shrink_budget(request.budget_bytes)
        os._exit(0)

    def _answer(self, request: Request) -> None:
        if isinstance(request, RunRequest):
            self._run(request)
        elif isinstance(request, UnchunkedRequest):
            self._unchunked(request)
        elif isinstance(request, ProfileRequest):
            self._profile(request)
        elif isinstance(request, PackageRequest):
            self._package(request)

    def _run(self, request: RunRequest) -> None:
        setting = request.setting
        models = Models.open(setting.models)
        self._running = Executor(
            request.plan.pipeline,
            policy_of(request.plan),
            request.plan.budget_bytes,
            models,
            _open(setting.runtime, setting.threads),
            Surroundings(_described(setting), setting.cores, setting.page_cache),
            request.on_pressure,
            self._say,
            stage_inputs(models, request.inputs),
        )
        try:
            execution = self._running.run()
        finally:
            self._running = None
        if request.outputs:
            write_npz(request.outputs, execution.outputs.arrays())
        self._say(RunAnswer(outputs=execution.outputs.digests()))

    def _unchunked(self, request: UnchunkedRequest) -> None:
        setting = request.setting
        runtime = _open(setting.runtime, setting.threads)
        models = open_unchunked(setting.models, request.plan.pipeline, runtime)
        outputs = run_unchunked(
            request.plan.pipeline, models, runtime, stage_inputs(models, request.inputs)
        )
        write_npz(request.outputs, outputs.arrays())
        self._say(RunAnswer(outputs=outputs.digests()))

    def _profile(self, request: ProfileRequest) -> None:
        setting = request.setting
        profile = profile_models(
            Models.open(setting.models),
            _open(setting.runtime, setting.threads),
            request.effort,
            Surroundings(_described(setting), setting.cores, setting.page_cache),
            request.finished,
            lambda done, total, name: self._say(Progress(done=done, total=total, what=name)),
            Models.open(request.joined) if request.joined else None,
            request.inputs,
        )
        self._say(ProfileAnswer(profile=profile))

    def _package(self, request: PackageRequest) -> None:
        run = run_package(
            _open(request.runtime, request.threads),
            Package(request.package, request.function, request.inputs, request.seed),
            request.samples,
            request.outputs,
        )
        environment = describe(request.runtime, request.threads)
        self._say(PackageAnswer(run=run, environment=environment))

    def _say(self, answer: Answer) -> None:
        self._answers.write(answer.model_dump_json() + "\n")
        self._answers.flush()


def _open(runtime: str, threads: int) -> Runtime:
    leave_cores_to_loads(os.environ, threads, usable_cores())
    return open_runtime(runtime, threads)


def _described(setting: Setting) -> dict[str, str]:
    return describe(setting.runtime, setting.threads, setting.cores, setting.page_cache)


def _lines(handle: int) -> Iterator[bytes]:
    """Whole lines; unbuffered, as a thread in a buffered read may hang the interpreter's end."""
    rest = b""
    while data := os.read(handle, 1 << 16):
        *lines, rest = (rest + data).split(b"\n")
        yield from lines


def main() -> None:
    """Serve until standard input ends; the parent alone is interrupted, and ends this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.setswitchinterval(_SWITCH_EVERY_S)
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        worker = _Worker(answers)
        threading.Thread(target=worker.listen, name="devsim-requests", daemon=True).start()
        worker.serve()


if __name__ == "__main__":
    main()
