"""A whole workload to a folder of packages and their manifest; goes on where it was stopped."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from devsim.convert.faults import ConversionError
from devsim.convert.job import Checker, Job, list_jobs
from devsim.convert.outcome import Failed, Made
from devsim.convert.precision import Choice
from devsim.convert.processes import make_here, make_in_processes
from devsim.convert.progress import Progress
from devsim.convert.records import PARTIAL, Found, prepare, publish, sweep, tidy
from devsim.convert.source import PipelineSource, StageSource
from devsim.core.errors import BadInputError
from devsim.core.manifest import MANIFEST_NAME, Block, Manifest, StageManifest
from devsim.core.new_folders import no_empty_folders


def convert_pipeline(
    source: PipelineSource,
    out: Path,
    *,
    choice: Choice,
    stages: Sequence[str],
    processes: int,
    check: Checker | None,
    on_progress: Callable[[Progress], None],
    force: bool,
) -> Manifest:
    """Convert every package; see ``devsim.convert.convert_workload``."""
    chosen = [stage for stage in source.stages if not stages or stage.name in stages]
    jobs = [job for stage in chosen for job in list_jobs(source, stage, choice[stage.name], check)]
    with no_empty_folders(out):
        with _writing(out):
            found = prepare(source, jobs, out, force=force)
        try:
            blocks = _make_all(jobs, found, out, processes, on_progress)
            made = (_stage(stage, choice[stage.name][0], jobs, blocks) for stage in chosen)
            manifest = _manifest(source, (*made, *found.stages))
            with _writing(out):
                manifest.write(out / MANIFEST_NAME, force=True)
                tidy(out, jobs)
        finally:
            sweep(out)
    return manifest


def _make_all(
    jobs: Sequence[Job],
    found: Found,
    out: Path,
    processes: int,
    on_progress: Callable[[Progress], None],
) -> dict[Path, Block]:
    """Keep what is ready, make the rest, and fail at the end for what could not be made."""
    blocks: dict[Path, Block] = {}
    failures: list[Failed] = []
    for job in jobs:
        if ready := found.ready(job, out):
            blocks[job.package] = ready
            on_progress(_progress(job, len(blocks), len(jobs)))
    partial = out / PARTIAL
    missing = [(job, partial / job.package) for job in jobs if job.package not in blocks]
    run = make_in_processes(missing, processes) if processes else make_here(missing)
    with closing(run) as outcomes:
        for job, outcome in outcomes:
            if isinstance(outcome, Made):
                with _writing(out):
                    publish(out, partial / job.package, outcome.block)
                blocks[job.package] = outcome.block
            elif outcome.concerns_all:
                raise BadInputError(outcome.problem, outcome.fix)
            else:
                failures.append(outcome)
            on_progress(_progress(job, len(blocks) + len(failures), len(jobs), outcome))
    if failures:
        raise _failure(failures, len(jobs))
    return blocks


def _progress(job: Job, done: int, total: int, outcome: Made | Failed | None = None) -> Progress:
    return Progress(job.stage, job.variant, job.block.name, done, total, outcome)


def _failure(failures: Sequence[Failed], total: int) -> ConversionError:
    first = failures[0]
    others = f", and {len(failures) - 1} more" if len(failures) > 1 else ""
    return ConversionError(
        f"{len(failures)} of {total} packages could not be made: {first.problem}{others}",
        first.fix,
        max(failure.exit_status for failure in failures),
    )


def _stage(
    stage: StageSource, precision: str, jobs: Iterable[Job], blocks: dict[Path, Block]
) -> StageManifest:
    variants: dict[str, list[Block]] = {}
    for job in jobs:
        if job.stage == stage.name:
            variants.setdefault(job.variant, []).append(blocks[job.package])
    return StageManifest(
        name=stage.name,
        iterations=stage.iterations,
        precision=precision,
        blocks=tuple(variants.pop(precision)),
        alternatives={name: tuple(each) for name, each in variants.items()},
    )


def _manifest(source: PipelineSource, stages: Iterable[StageManifest]) -> Manifest:
    order = {stage.name: number for number, stage in enumerate(source.stages)}
    return Manifest(
        schema_version=1,
        workload=source.workload,
        size=source.size,
        weights=source.weights,
        shape=source.shape,
        stages=tuple(sorted(stages, key=lambda stage: order.get(stage.name, -1))),
    )


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadInputError(
            f"{out}: cannot be written ({error.strerror or error})",
            "choose another --output or free some space",
        ) from error
