"""``devsim convert``."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devsim.cli.chunks import convert_plan
from devsim.cli.options import AspectRatio, Force, Frames, Json, Latent, Resolution, video_options
from devsim.cli.output import note, print_json, progress

if TYPE_CHECKING:
    from devsim.convert.progress import Progress
    from devsim.core.manifest import Manifest

_PRECISION = (
    "fp32, fp16, int8, int6 or int4; of one stage with t5=int8, as variants with stdit=fp32+int8."
)
_JOBS = "Packages at a time, each in a fresh process; 0: one after another in this process."


def command(
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The folder to fill.", show_default=False)
    ],
    workload: Annotated[
        str | None, typer.Argument(help="Such as open-sora-v1.2.", show_default=False)
    ] = None,
    size: Annotated[
        str, typer.Option(help="full, small or tiny: true structure, smaller width.")
    ] = "full",
    resolution: Resolution = None,
    aspect_ratio: AspectRatio = None,
    frames: Frames = None,
    latent: Latent = None,
    stage: Annotated[
        list[str] | None, typer.Option(help="Only this stage; repeatable.", show_default=False)
    ] = None,
    depth: Annotated[
        int | None, typer.Option(min=1, help="How many repeated blocks.", show_default=False)
    ] = None,
    precision: Annotated[
        list[str] | None, typer.Option(help=_PRECISION, show_default=False)
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(help="A checkpoint folder; else seeded random weights.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of random weights.")] = 0,
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=0, help=_JOBS)] = 1,
    plan: Annotated[
        Path | None,
        typer.Option(help="Instead of a workload: join its chunks.", show_default=False),
    ] = None,
    models: Annotated[
        Path | None, typer.Option(help="The packages that --plan joins.", show_default=False)
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Convert a workload to Core ML packages, one a block, each checked against torch.

    Packages that are there already, whole and made of the same things, are kept.
    """
    if workload is None or plan or models:
        convert_plan(workload, plan, models, output, force=force, json=json)
        return
    from devsim.convert import convert_workload
    from devsim.workloads import find

    chosen = find(workload)
    from devsim.execute.package_check import check_package
    from devsim.workloads.pipeline import Options
    from devsim.workloads.weights import CheckpointWeights, RandomWeights

    options = Options(
        size=size,
        depth=depth,
        # Of a checkpoint, the other stages' files need not be there.
        stages=tuple(stage) if stage and weights else None,
        weights=CheckpointWeights(weights) if weights else RandomWeights(seed),
        **video_options(resolution, aspect_ratio, frames, latent),
    )
    work = _Work()
    with progress("convert") as show:

        def on_progress(at: "Progress") -> None:
            work.count(at)
            show(at.done, at.total, f"{at.stage} {at.block}")

        manifest = convert_workload(
            chosen.pipeline(options),
            output,
            precisions=precision or [],
            stages=stage or [],
            processes=jobs,
            check=check_package,
            on_progress=on_progress,
            force=force,
        )
    if json:
        print_json({"output": str(output), **work.facts(), **manifest.model_dump(mode="json")})
    else:
        _show(manifest, work, output)


class _Work:
    """What a conversion has done so far."""

    def __init__(self) -> None:
        self._started_s = time.monotonic()
        self.made = 0
        self.kept = 0
        self.peak_bytes = 0

    def count(self, at: "Progress") -> None:
        """Take one more package into account, and say at once when it could not be made."""
        from devsim.convert.outcome import Failed

        if at.outcome is None:
            self.kept += 1
        elif isinstance(at.outcome, Failed):
            note(f"devsim: {at.outcome.problem}")
        else:
            self.made += 1
            self.peak_bytes = max(self.peak_bytes, at.outcome.peak_bytes)

    def facts(self) -> dict[str, float | int]:
        """For people who script; the peak is of the largest process."""
        return {
            "made": self.made,
            "kept": self.kept,
            "seconds": round(time.monotonic() - self._started_s, 3),
            "peak_bytes": self.peak_bytes,
        }


def _show(manifest: "Manifest", work: _Work, output: Path) -> None:
    from devsim.core.units import format_bytes
    from devsim.report.console import stdout
    from devsim.report.conversion_view import show_packages

    show_packages(manifest, stdout())
    facts = work.facts()
    note(
        f"{work.made} packages made and {work.kept} kept in {facts['seconds']:.0f} s, "
        f"largest process {format_bytes(work.peak_bytes)}; written to {output}"
    )
