"""What workloads are made of, in the terminal."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rich.console import Console

from devsim.core.units import format_bytes
from devsim.report.console import plain_table, styled


class Stage(NamedTuple):
    """One stage of a workload.

    Attributes:
        name: the stage's.
        iterations: how often its blocks are computed.
        blocks: how many there are.
        alternatives: how many of them another variant has, by its name.
        parameters: of the blocks; alternatives share them.
        weight_bytes: of the parameters by precision, without the scales that quantising adds.
        flops: of all iterations, by the resolution of the video.
    """

    name: str
    iterations: int
    blocks: int
    alternatives: Mapping[str, int]
    parameters: int
    weight_bytes: Mapping[str, int]
    flops: Mapping[str, int]


def show_workload(name: str, size: str, stages: Sequence[Stage], console: Console) -> None:
    """Print a workload's stages with their sizes, then the FLOPs of a video by resolution."""
    packages = sum(stage.blocks + sum(stage.alternatives.values()) for stage in stages)
    console.print(styled("[bold]{}[/] {}: {} packages", name, size, packages))
    precisions = list(stages[0].weight_bytes)
    table = plain_table("stage", "blocks", "parameters", *precisions)
    for stage in stages:
        sizes = (format_bytes(size_bytes) for size_bytes in stage.weight_bytes.values())
        table.add_row(stage.name, str(stage.blocks), f"{stage.parameters / 1e6:.1f} M", *sizes)
        for variant, count in stage.alternatives.items():
            table.add_row(f"  {variant}", str(count))
    console.print(table)
    resolutions = list(stages[0].flops)
    flops = plain_table("TFLOPs a video", "iterations", *resolutions)
    for stage in stages:
        each = (f"{total / 1e12:.3g}" for total in stage.flops.values())
        flops.add_row(stage.name, str(stage.iterations), *each)
    console.print(flops)
    console.print()
