"""A simulation in the terminal: stages, and many runs."""

from collections.abc import Mapping, Sequence

from rich.console import Console

from devsim.core.units import format_bytes, format_ns
from devsim.report.console import plain_table
from devsim.simulation.draw import distribution
from devsim.simulation.evaluate import Evaluation
from devsim.simulation.predict import StageTotals


def show_stages(stages: Mapping[str, StageTotals], console: Console) -> None:
    """Print where the time of every stage went."""
    table = plain_table("stage", "iterations", "time", "load busy", "compute busy", "stalls")
    for name, totals in stages.items():
        table.add_row(
            name,
            str(totals.iterations),
            format_ns(totals.duration_ns),
            format_ns(totals.load_ns),
            format_ns(totals.compute_ns),
            format_ns(totals.stall_ns),
        )
    console.print()
    console.print(table)


def show_runs(runs: Sequence[Evaluation], console: Console) -> None:
    """Print percentiles over many runs."""
    makespans = distribution([run.makespan_ns for run in runs])
    peaks = distribution([run.peak_bytes for run in runs])
    table = plain_table(f"{len(runs)} runs", *makespans._fields)
    table.add_row("makespan", *(format_ns(value) for value in makespans))
    table.add_row("peak", *(format_bytes(value) for value in peaks))
    console.print()
    console.print(table)
