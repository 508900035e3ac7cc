"""Converted packages in the terminal."""

from collections.abc import Sequence

from rich.console import Console

from devsim.core.manifest import Block, Manifest
from devsim.core.units import format_bytes
from devsim.report.console import plain_table, styled


def show_packages(manifest: Manifest, console: Console) -> None:
    """Print one line per variant of a stage: packages, sizes, and how near they are to torch."""
    console.print(
        styled(
            "[bold]{}[/] {}, {}; weights: {}",
            manifest.workload,
            manifest.size,
            manifest.shape,
            manifest.weights,
        )
    )
    table = plain_table("stage", "variant", "packages", "parameters", "weights", "lowest PSNR")
    for stage in manifest.stages:
        for name, blocks in ((stage.precision, stage.blocks), *stage.alternatives.items()):
            table.add_row(
                stage.name,
                name,
                str(len(blocks)),
                f"{sum(block.parameters for block in blocks) / 1e6:.1f} M",
                format_bytes(sum(block.weight_bytes for block in blocks)),
                lowest_psnr(blocks),
            )
    console.print(table)


def lowest_psnr(blocks: Sequence[Block]) -> str:
    """Of the package that differs most; ``equal`` when none differs at all."""
    checks = [block.check for block in blocks if block.check is not None]
    if len(checks) < len(blocks):
        return "not checked"
    finite = [check.psnr_db for check in checks if check.psnr_db is not None]
    return f"{min(finite):.1f} dB" if finite else "equal"
