"""What a plan depends on, in the terminal."""

from rich.console import Console

from devsim.core.units import format_ns
from devsim.planner.sensitivity import STEP, Sensitivity
from devsim.report.console import plain_table


def show_sensitivity(found: list[Sensitivity], makespan_ns: int, console: Console) -> None:
    """Print every figure with the makespan that its change leads to, the plan made anew."""
    console.print(f"\nmakespan {format_ns(makespan_ns)} if a figure changes, planned anew")
    table = plain_table("figure", f"/ {STEP}", f"x {STEP}", "another plan is better from")
    for each in found:
        flips = [f"x {flip:.2f}" for flip in (each.flips_below, each.flips_above) if flip]
        table.add_row(
            each.knob,
            _shown(each.lower_ns),
            _shown(each.higher_ns),
            " and ".join(flips) or "no change up to 4 times",
        )
    console.print(table)


def _shown(makespan_ns: int | None) -> str:
    return "does not fit" if makespan_ns is None else format_ns(makespan_ns)
