"""``devsim workloads``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from devsim.cli.options import AspectRatio, Frames, Json
from devsim.cli.output import print_json, progress
from devsim.core.video import RESOLUTIONS, Video, parse_video

if TYPE_CHECKING:
    from devsim.workloads.table import WorkloadRow

_BITS = {"fp32": 32, "fp16": 16, "int8": 8, "int6": 6, "int4": 4}


def command(
    workload: Annotated[
        str | None, typer.Argument(help="Only this one; else all.", show_default=False)
    ] = None,
    size: Annotated[
        str, typer.Option(help="full, small or tiny: true structure, smaller width.")
    ] = "full",
    resolution: Annotated[
        list[str] | None,
        typer.Option(
            help="Count FLOPs at it; repeatable. Of one workload: 144p to 720p.",
            show_default=False,
        ),
    ] = None,
    aspect_ratio: AspectRatio = None,
    frames: Frames = None,
    json: Json = False,
) -> None:
    """List workloads: stages, blocks, parameters, bytes by precision, FLOPs by resolution."""
    from devsim.workloads import names

    videos = _videos(resolution or (RESOLUTIONS if workload else ()), aspect_ratio, frames)
    chosen = [workload] if workload else names()
    rows = _count(chosen, size, videos)
    if json:
        print_json({"workloads": [_facts(*row) for row in rows]})
        return
    from devsim.report.console import stdout
    from devsim.report.workload_view import Stage, show_workload

    for first, others in rows:
        stages = [
            Stage(
                stage.name,
                stage.iterations,
                len(stage.blocks),
                {variant: len(blocks) for variant, blocks in stage.alternatives.items()},
                stage.parameters,
                {name: stage.weight_bytes(bits) for name, bits in _BITS.items()},
                {name: row.stages[number].flops_of_all_iterations for name, row in others.items()},
            )
            for number, stage in enumerate(first.stages)
        ]
        show_workload(first.name, first.size, stages, stdout())


def _videos(
    resolutions: Sequence[str], aspect_ratio: str | None, frames: str | None
) -> dict[str, Video]:
    """Videos by the name of their resolution; the workloads' default one when none is named."""
    said = {"aspect_ratio": aspect_ratio, "frames": frames}
    rest = {name: text for name, text in said.items() if text is not None}
    if not resolutions:
        return {"": parse_video(**rest)} if rest else {}
    return {text: parse_video(text, **rest) for text in resolutions}


def _count(
    names: Sequence[str], size: str, videos: dict[str, Video]
) -> list[tuple["WorkloadRow", dict[str, "WorkloadRow"]]]:
    """Each workload, and what it is at each resolution."""
    from devsim.workloads import find

    for name in names:
        find(name)  # says what is not installed
    from devsim.workloads.pipeline import Options
    from devsim.workloads.table import describe

    wanted: dict[str, Video | None] = {**videos} or {"": None}
    found = []
    with progress("count") as show:
        for number, name in enumerate(names):
            rows = {}
            for at, (text, video) in enumerate(wanted.items()):
                show(number * len(wanted) + at, len(names) * len(wanted), name)
                row = describe(name, Options(size=size, video=video))
                rows[text or row.shape.partition(",")[0]] = row
            found.append((next(iter(rows.values())), rows))
    return found


def _facts(first: "WorkloadRow", rows: "dict[str, WorkloadRow]") -> dict[str, Any]:
    """FLOPs are of one iteration."""
    return {
        "name": first.name,
        "size": first.size,
        "shapes": {resolution: row.shape for resolution, row in rows.items()},
        "stages": [
            {
                "name": stage.name,
                "iterations": {text: row.stages[at].iterations for text, row in rows.items()},
                "blocks": len(stage.blocks),
                "alternatives": {name: len(each) for name, each in stage.alternatives.items()},
                "parameters": stage.parameters,
                "bytes": {name: stage.weight_bytes(bits) for name, bits in _BITS.items()},
                "flops": {text: row.stages[at].flops.total for text, row in rows.items()},
            }
            for at, stage in enumerate(first.stages)
        ],
    }
