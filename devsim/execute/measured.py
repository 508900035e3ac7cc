"""Runs and profiles in a watched process, as whole results."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from devsim.core.errors import DevsimError
from devsim.core.plan import Plan
from devsim.core.profile import Profile
from devsim.core.trace import Kind, Trace
from devsim.execute.events import Ended, Started
from devsim.execute.executor import OnPressure
from devsim.execute.given import InputFile
from devsim.execute.limit import hard_limit
from devsim.execute.measure import Effort
from devsim.execute.models import Models
from devsim.execute.outputs import StageDigests
from devsim.execute.package_run import Package
from devsim.execute.recording import Recording
from devsim.execute.requests import (
    PackageAnswer,
    PackageRequest,
    ProfileAnswer,
    ProfileRequest,
    Progress,
    RunAnswer,
    RunRequest,
    Setting,
    ShrinkRequest,
    Told,
    UnchunkedRequest,
)
from devsim.execute.watch import Worker, WorkerError, ask

OnProgress = Callable[[int, int, str], None]


class MeasuredRun(NamedTuple):
    """A run of a plan."""

    trace: Trace
    outputs: tuple[StageDigests, ...]


class Shrink(NamedTuple):
    """A drill: the budget shrinks while the run goes on."""

    budget_bytes: int
    after_computes: int


@dataclass(frozen=True)
class Conditions:
    """What a run has to bear."""

    hard_limit_bytes: int | None = None
    """Where its process is killed; None: nowhere."""
    shrink: Shrink | None = None
    on_pressure: OnPressure = "stop"


@dataclass(frozen=True)
class Keep:
    """What goes into a run, and what stays of it."""

    recording: Recording
    outputs: Path | None = field(default=None)
    """Where the last outputs go, ``.npz``."""
    inputs: Path | None = field(default=None)
    """What stages are given, ``.npz``; the rest is drawn."""


def run_plan(
    plan: Plan,
    setting: Setting,
    keep: Keep,
    on_progress: OnProgress,
    conditions: Conditions | None = None,
) -> MeasuredRun:
    """Run a plan once, in a process of its own whose footprint is sampled.

    Args:
        plan: what to run.
        setting: the models and what they are run with.
        keep: the recording, which has what was done even where this raises, and the outputs.
        on_progress: called with computes done, computes in all, and what is being done.
        conditions: a hard limit, and a budget that shrinks.

    Raises:
        BadInputError: the folder does not hold what the plan needs.
        KilledError: the run held more than its hard limit.
        WorkerError: the run failed or its process died.
    """
    Models.open(setting.models).chunks(plan.pipeline)
    conditions = conditions or Conditions()
    limit = hard_limit() if conditions.hard_limit_bytes else None
    request = RunRequest(
        plan=plan,
        setting=setting,
        inputs=keep.inputs,
        on_pressure=conditions.on_pressure,
        outputs=keep.outputs,
    )
    with Worker(keep.recording.samples, limit) as worker:
        follow = _Follow(plan, keep.recording, worker, conditions, on_progress)
        try:
            answer = worker.ask(request, follow)
        except WorkerError as error:
            raise _telling(error, keep.recording) from error
    if not isinstance(answer, RunAnswer):
        raise AssertionError("a run is answered with a run")
    if conditions.hard_limit_bytes:
        facts = {"hard_limit": f"{conditions.hard_limit_bytes} bytes by watchdog"}
        if limit:
            facts["hard_limit"] += f" and {limit.name}"
        return MeasuredRun(keep.recording.trace(**facts), answer.outputs)
    return MeasuredRun(keep.recording.trace(), answer.outputs)


class _Follow:
    """Records what a run tells, and does to it what its conditions say."""

    def __init__(
        self,
        plan: Plan,
        recording: Recording,
        worker: Worker,
        conditions: Conditions,
        on_progress: OnProgress,
    ) -> None:
        stages = plan.pipeline.stages
        self._total = sum(stage.iterations * len(stage.chunks) for stage in stages)
        self._recording = recording
        self._worker = worker
        self._conditions = conditions
        self._on_progress = on_progress

    def __call__(self, told: Told) -> None:
        if isinstance(told, Progress):
            return
        self._recording.note(told)
        if isinstance(told, Started) and self._conditions.hard_limit_bytes:
            self._worker.restrict(self._conditions.hard_limit_bytes)
        if isinstance(told, Ended) and told.span.kind is Kind.COMPUTE:
            done = told.span.position + 1
            shrink = self._conditions.shrink
            if shrink and shrink.after_computes == done:
                self._worker.tell(ShrinkRequest(budget_bytes=shrink.budget_bytes))
            self._on_progress(done, self._total, "computes")


def _telling(error: WorkerError, recording: Recording) -> DevsimError:
    """The error, and what the run was doing and holding when it came."""
    if recording.started:
        error.problem += f" while {recording.doing()}; it held {recording.holding()}"
        error.args = (f"{error.problem}; {error.fix}",)
    return error


def run_unchunked(
    plan: Plan, setting: Setting, outputs: Path, inputs: Path | None = None
) -> tuple[StageDigests, ...]:
    """Compute what a plan should: its packages one after another, without a schedule.

    Args:
        plan: whose stages to compute, one iteration of each.
        setting: the models and what they are run with.
        outputs: where the outputs go, ``.npz``.
        inputs: what stages are given, ``.npz``; the rest is drawn.

    Raises:
        WorkerError: a package could not be run or killed the process.
    """
    request = UnchunkedRequest(plan=plan, setting=setting, inputs=inputs, outputs=outputs)
    answer = ask(request, lambda told: None)
    if not isinstance(answer, RunAnswer):
        raise AssertionError("the unchunked model is answered with a run")
    return answer.outputs


def profile_folder(
    setting: Setting,
    effort: Effort,
    finished: Path,
    on_progress: OnProgress,
    joined: Path | None = None,
    inputs: Path | None = None,
) -> Profile:
    """Profile every package of a folder, in a process of its own.

    Args:
        setting: the models and what they are run with.
        effort: how often each package is measured.
        finished: where finished measurements are kept and taken from.
        on_progress: called with blocks done, blocks in all, and the block.
        joined: a folder of packages that each join several of the blocks.
        inputs: what stages are given, ``.npz``; the rest is drawn.

    Raises:
        BadFileError: a folder is not whole.
        BadInputError: ``joined`` has no package that joins blocks of the folder.
        WorkerError: a package could not be run or killed the process.
    """
    Models.open(setting.models).require_unchanged()
    request = ProfileRequest(
        setting=setting,
        effort=effort,
        finished=finished.absolute(),
        joined=joined.absolute() if joined else None,
        inputs=inputs.absolute() if inputs else None,
    )

    def follow(told: Told) -> None:
        if isinstance(told, Progress):
            on_progress(told.done, told.total, told.what)

    answer = ask(request, follow)
    if not isinstance(answer, ProfileAnswer):
        raise AssertionError("a profile is answered with a profile")
    return answer.profile


def run_one_package(
    package: Package, runtime: str, threads: int | None, samples: int, outputs: Path
) -> PackageAnswer:
    """Run one package in a process of its own; see ``devsim.execute.package_run``.

    Raises:
        WorkerError: the package could not be run or killed the process.
    """
    request = PackageRequest(
        package=package.path.absolute(),
        function=package.function,
        runtime=runtime,
        threads=threads or default_threads(),
        inputs=tuple(
            InputFile(path=each.path.absolute(), name=each.name) for each in package.inputs
        ),
        seed=package.seed,
        samples=samples,
        outputs=outputs.absolute(),
    )
    answer = ask(request, lambda told: None)
    if not isinstance(answer, PackageAnswer):
        raise AssertionError("a package is answered with a package")
    return answer


def default_threads() -> int:
    """All cores but one, which is the loader's."""
    return max(1, (os.cpu_count() or 2) - 1)
