"""``devsim convert``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from devsim.cli.options import Force, Json, parse_latent
from devsim.cli.output import note, print_json, progress
from devsim.core.manifest import Manifest
from devsim.core.units import format_bytes


class Precision(StrEnum):
    """Precisions that packages can be converted to."""

    FP32 = "fp32"
    FP16 = "fp16"


def command(
    workload: Annotated[str, typer.Argument(help="Such as open-sora-v1.2.", show_default=False)],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The folder to fill.", show_default=False)
    ],
    size: Annotated[str, typer.Option(help="full, or tiny: true structure, small width.")] = "full",
    latent: Annotated[
        str | None, typer.Option(help="TxHxW; 20x32x32 is 256x256.", show_default=False)
    ] = None,
    depth: Annotated[
        int | None, typer.Option(min=1, help="How many repeated blocks.", show_default=False)
    ] = None,
    precision: Precision = Precision.FP32,
    weights: Annotated[
        Path | None,
        typer.Option(help="A checkpoint folder; else seeded random weights.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of random weights.")] = 0,
    force: Force = False,
    json: Json = False,
) -> None:
    """Convert a workload to Core ML packages, one a block, with a manifest.

    An interrupted conversion goes on with the blocks that are missing.
    """
    from devsim.convert import convert_workload
    from devsim.workloads import find

    shape = parse_latent(latent) if latent else None
    chosen = find(workload)
    from devsim.workloads.pipeline import Options
    from devsim.workloads.weights import CheckpointWeights, RandomWeights

    parameters = CheckpointWeights(weights) if weights else RandomWeights(seed)
    options = Options(size=size, shape=shape, depth=depth, weights=parameters)
    source = chosen.pipeline(options)
    with progress("convert") as show:
        manifest = convert_workload(
            source,
            output,
            precision=precision.value,
            force=force,
            on_progress=lambda at: show(at.done, at.total, at.block),
        )
    if json:
        print_json({"output": str(output), **manifest.model_dump(mode="json")})
    else:
        _summarise(manifest, output)


def _summarise(manifest: Manifest, output: Path) -> None:
    for stage in manifest.stages:
        weight_bytes = format_bytes(sum(block.weight_bytes for block in stage.blocks))
        print(f"{stage.name}: {len(stage.blocks)} packages, {weight_bytes}, {manifest.weights}")
    note(f"packages and manifest written to {output}")
