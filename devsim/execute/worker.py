"""The process that runs models: ``python -m devsim.execute.worker``.

Models run in a process of their own because a package may load well and then kill its process,
and because a footprint is only clean where nothing else lives. One line on standard input is the
request, every line on standard output is an answer (``devsim.execute.requests``).
"""

import os
import signal
import sys
from typing import TextIO

from devsim.core.chrome import SpanArgs
from devsim.core.errors import DevsimError
from devsim.execute.environment import describe
from devsim.execute.executor import execute
from devsim.execute.models import Models
from devsim.execute.package_run import run_package
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
    RunAnswer,
    RunRequest,
)
from devsim.policy.named import policy_of
from devsim.runtime.choose import open_runtime


class _Worker:
    def __init__(self, answers: TextIO) -> None:
        self._answers = answers

    def serve(self, line: str) -> None:
        request = REQUEST.validate_json(line)
        try:
            if isinstance(request, RunRequest):
                self._run(request)
            elif isinstance(request, ProfileRequest):
                self._profile(request)
            else:
                self._package(request)
        except DevsimError as error:
            status = error.exit_status
            self._say(Failure(problem=error.problem, fix=error.fix, exit_status=status))

    def _run(self, request: RunRequest) -> None:
        runtime = open_runtime(request.runtime, request.threads)
        execution = execute(
            request.plan.pipeline,
            policy_of(request.plan),
            request.plan.budget_bytes,
            Models.open(request.models),
            runtime,
            lambda done, total: self._say(Progress(done=done, total=total, what="computes")),
        )
        self._say(
            RunAnswer(
                started_ns=execution.started_ns,
                started_bytes=execution.started_bytes,
                spans=tuple(SpanArgs.of(span) for span in execution.spans),
                outputs_digest=execution.outputs_digest,
                environment=describe(request.runtime, request.threads),
            )
        )

    def _profile(self, request: ProfileRequest) -> None:
        profile = profile_models(
            Models.open(request.models),
            open_runtime(request.runtime, request.threads),
            request.effort,
            describe(request.runtime, request.threads),
            request.finished,
            lambda done, total, name: self._say(Progress(done=done, total=total, what=name)),
        )
        self._say(ProfileAnswer(profile=profile))

    def _package(self, request: PackageRequest) -> None:
        run = run_package(
            open_runtime(request.runtime, request.threads),
            request.package,
            request.inputs,
            request.seed,
            request.samples,
            request.outputs,
        )
        environment = describe(request.runtime, request.threads)
        self._say(PackageAnswer(run=run, environment=environment))

    def _say(self, answer: Answer) -> None:
        self._answers.write(answer.model_dump_json() + "\n")
        self._answers.flush()


def main() -> None:
    """Serve one request; the parent alone is interrupted, and ends this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        _Worker(answers).serve(sys.stdin.readline())


if __name__ == "__main__":
    main()
