"""Runs and profiles in a watched process, as whole results."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from devsim.core.plan import Plan
from devsim.core.profile import Profile
from devsim.core.trace import Footprint, Trace
from devsim.execute.measure import Effort
from devsim.execute.models import Models
from devsim.execute.requests import (
    PackageAnswer,
    PackageRequest,
    ProfileAnswer,
    ProfileRequest,
    Progress,
    RunAnswer,
    RunRequest,
)
from devsim.execute.watch import ask

OnProgress = Callable[[int, int, str], None]


class MeasuredRun(NamedTuple):
    """A run of a plan."""

    trace: Trace
    outputs_digest: str


def run_plan(
    plan: Plan, models: Path, runtime: str, threads: int | None, on_progress: OnProgress
) -> MeasuredRun:
    """Run a plan once, in a process of its own whose footprint is sampled.

    Args:
        plan: what to run.
        models: the folder of converted packages.
        runtime: a runtime's name.
        threads: of one compute; None takes as many as the plan's profile was measured with.
        on_progress: called with computes done, computes in all, and what is being done.

    Raises:
        BadInputError: the folder does not hold what the plan needs.
        WorkerError: the run failed or its process died.
    """
    Models.open(models).chunks(plan.pipeline)
    profiled = int(plan.environment.get("compute_threads", default_threads()))
    request = RunRequest(
        plan=plan, models=models.resolve(), runtime=runtime, threads=threads or profiled
    )
    answer, samples = ask(request, _forward(on_progress))
    if not isinstance(answer, RunAnswer):
        raise AssertionError("a run is answered with a run")
    trace = Trace(
        origin="measured",
        workload=plan.pipeline.workload,
        policy=plan.policy,
        budget_bytes=plan.budget_bytes,
        spans=tuple(args.span() for args in answer.spans),
        footprint=_since(samples, answer.started_ns, answer.started_bytes),
        environment=answer.environment,
    )
    return MeasuredRun(trace, answer.outputs_digest)


def profile_folder(
    models: Path,
    runtime: str,
    threads: int | None,
    effort: Effort,
    finished: Path,
    on_progress: OnProgress,
) -> Profile:
    """Profile every package of a folder, in a process of its own.

    Args:
        models: the folder of converted packages.
        runtime: a runtime's name.
        threads: of one compute; None leaves a core to the loader.
        effort: how often each package is measured.
        finished: where finished measurements are kept and taken from.
        on_progress: called with blocks done, blocks in all, and the block.

    Raises:
        BadFileError: the folder is not whole.
        WorkerError: a package could not be run or killed the process.
    """
    Models.open(models)
    request = ProfileRequest(
        models=models.resolve(),
        runtime=runtime,
        threads=threads or default_threads(),
        effort=effort,
        finished=finished.resolve(),
    )
    answer, _ = ask(request, _forward(on_progress))
    if not isinstance(answer, ProfileAnswer):
        raise AssertionError("a profile is answered with a profile")
    return answer.profile


def run_one_package(
    package: Path,
    runtime: str,
    threads: int | None,
    inputs: Path | None,
    seed: int,
    samples: int,
    outputs: Path,
) -> PackageAnswer:
    """Run one package in a process of its own; see ``devsim.execute.package_run``.

    Raises:
        WorkerError: the package could not be run or killed the process.
    """
    request = PackageRequest(
        package=package.resolve(),
        runtime=runtime,
        threads=threads or default_threads(),
        inputs=inputs.resolve() if inputs else None,
        seed=seed,
        samples=samples,
        outputs=outputs.resolve(),
    )
    answer, _ = ask(request, lambda progress: None)
    if not isinstance(answer, PackageAnswer):
        raise AssertionError("a package is answered with a package")
    return answer


def default_threads() -> int:
    """All cores but one, which is the loader's."""
    return max(1, (os.cpu_count() or 2) - 1)


def _forward(on_progress: OnProgress) -> Callable[[Progress], None]:
    return lambda progress: on_progress(progress.done, progress.total, progress.what)


def _since(samples: Sequence[Footprint], start_ns: int, start_bytes: int) -> tuple[Footprint, ...]:
    """The footprint from a start on, which becomes time 0."""
    after = (Footprint(s.time_ns - start_ns, s.bytes) for s in samples if s.time_ns > start_ns)
    return (Footprint(0, start_bytes), *after)
