"""A validation in the terminal."""

from collections.abc import Callable

from rich.console import Console

from devsim.core.units import format_bytes, format_ns
from devsim.replay.validation import Compared, Validation
from devsim.report.console import plain_table


def show_validation(validation: Validation, console: Console) -> None:
    """Print predicted against measured, and whether the plan held."""
    runs = len(validation.makespan.measured)
    table = plain_table("", "predicted", "measured", "error", f"spread of {runs}")
    table.add_row("makespan", *_cells(validation.makespan, format_ns), style="bold")
    table.add_row("load busy", *_cells(validation.load_busy, format_ns))
    table.add_row("compute busy", *_cells(validation.compute_busy, format_ns))
    table.add_row("peak footprint", *_cells(validation.peak, format_bytes))
    console.print(table)
    largest = format_bytes(max(validation.peak.measured))
    budget = format_bytes(validation.budget_bytes)
    if validation.budget_exceeded:
        console.print(f"[bold red]over budget:[/] sampled footprint {largest} of {budget}")
    else:
        console.print(f"within budget: sampled footprint at most {largest} of {budget}")
    if not validation.outputs_match:
        console.print("[bold red]outputs differ from run to run[/]")


def _cells(compared: Compared, show: Callable[[int], str]) -> tuple[str, ...]:
    return (
        show(compared.predicted),
        show(round(compared.median)),
        f"{compared.error:+.1%}",
        f"{compared.spread:.1%}",
    )
