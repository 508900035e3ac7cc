"""``devsim convert --plan``: the chunks of a plan as packages."""

from pathlib import Path

from devsim.cli.output import note, print_json, progress
from devsim.core.errors import BadInputError
from devsim.core.plan import Plan
from devsim.core.units import format_bytes


def convert_plan(
    workload: str | None,
    plan: Path | None,
    models: Path | None,
    output: Path,
    *,
    force: bool,
    json: bool,
) -> None:
    """Join the blocks of every chunk of a plan, and say what came of it."""
    if workload is not None or plan is None or models is None:
        raise BadInputError(
            "a plan's chunks are made of packages, not of a workload",
            "write: devsim convert --plan PLAN --models DIR -o OUT",
        )
    from devsim.convert.mil.chunks import join_chunks

    read = Plan.read(plan)
    with progress("join") as show:
        manifest = join_chunks(read, models, output, force=force, on_chunk=show)
    if json:
        print_json({"output": str(output), **manifest.model_dump(mode="json")})
        return
    for stage in manifest.stages:
        size = format_bytes(sum(block.weight_bytes for block in stage.packages()))
        print(f"{stage.name}: {len(stage.packages())} packages, {size}")
    note(f"packages and manifest written to {output}")
