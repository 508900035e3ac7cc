"""A profile in the terminal."""

from rich.console import Console

from devsim.core.profile import Profile, StageProfile
from devsim.core.units import format_bytes, format_ns
from devsim.report.console import plain_table, styled


def show_profile(profile: Profile, console: Console) -> None:
    """Print what every block costs, at the median."""
    contention = profile.contention
    console.print(
        styled(
            "[bold]{}[/] ({}, {}) on [bold]{}[/]: baseline {}; "
            "side by side a load takes {}x, a compute {}x as long\n",
            profile.workload,
            profile.size,
            profile.shape,
            profile.device,
            format_bytes(profile.baseline_bytes.bytes),
            f"{contention.load_slowdown:.2f}",
            f"{contention.compute_slowdown:.2f}",
        )
    )
    for stage in profile.stages:
        _show_stage(stage, console)


def _show_stage(stage: StageProfile, console: Console) -> None:
    table = plain_table(stage.name, "resident", "activation", "cold load", "load", "compute")
    for block in stage.blocks:
        for name, variant in block.variants.items():
            table.add_row(
                f"{block.name} {name}",
                format_bytes(variant.resident_bytes.bytes),
                format_bytes(variant.activation_bytes.bytes),
                format_ns(variant.cold_load.median_ns),
                format_ns(variant.cached_load.median_ns),
                format_ns(variant.compute.median_ns),
            )
    console.print(table)
