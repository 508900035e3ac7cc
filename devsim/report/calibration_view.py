"""A calibration in the terminal."""

from rich.console import Console

from devsim.calibration.calibration import Calibration, Check
from devsim.calibration.from_trace import TraceCalibration
from devsim.report.console import plain_table, styled

_MOST_CHECKS = 24


def show_calibration(found: Calibration, console: Console) -> None:
    """Print parameters with intervals, errors, contradictions, and what is left open."""
    table = plain_table("parameter", "fitted", "95 % interval", "plausible", "")
    for each in found.estimates:
        plausible = each.parameter.range
        table.add_row(
            each.parameter.name,
            _number(each.value),
            f"{_number(each.low)} .. {_number(each.high)}",
            f"{_number(plausible.low)} .. {_number(plausible.high)}",
            "" if each.plausible else styled("[bold red]implausible[/]"),
        )
    console.print(table)
    _show_checks(found, console)
    kept = [check for check in found.checks if check.kept]
    console.print(
        f"{len(kept)} of {len(found.checks)} observations are consistent with one another, median "
        f"absolute error {found.median_error:.1%}; they determine {found.determined} combinations "
        f"of {len(found.estimates)} parameters",
        soft_wrap=True,
    )
    for check in found.checks:
        if not check.kept:
            console.print(_contradiction(check), soft_wrap=True)
    _show_resolutions(found, console)
    _show_left_open(found.left_open, console)


def show_trace_calibration(found: TraceCalibration, console: Console) -> None:
    """Print what a trace says of a profile's costs, and which of them it changes."""
    table = plain_table("cost", "profile", "trace", "95 % interval", "")
    for change in found.changes:
        table.add_row(
            change.name,
            _number(change.before),
            _number(change.after),
            f"{_number(change.low)} .. {_number(change.high)}",
            styled("[bold]changed[/]") if change.certain else "kept",
        )
    console.print(table)
    console.print(
        f"{found.spans} loads and computes, {found.hiccups} of them hiccups that were left out; "
        f"their median error was {found.error_before:.1%}, and with these costs is "
        f"{found.error_after:.1%}",
        soft_wrap=True,
    )
    _show_left_open(found.left_open, console)


def _show_checks(found: Calibration, console: Console) -> None:
    table = plain_table("observation", "observed", "fitted", "error", "")
    worst = sorted(found.checks, key=lambda check: -abs(check.error))[:_MOST_CHECKS]
    shown = [check for check in found.checks if check in worst]
    for check in shown:
        table.add_row(
            check.name,
            f"{_number(check.observed_s)} s",
            f"{_number(check.predicted_s)} s",
            f"{check.error:+.1%}",
            "" if check.kept else "set aside",
        )
    console.print()
    console.print(table)
    if len(found.checks) > len(shown):
        console.print(f"and {len(found.checks) - len(shown)} with smaller errors: see --json")
    console.print()


def _contradiction(check: Check) -> str:
    if not check.contradicts:
        return f"set aside: {check.name}, which fits no plausible parameters"
    return f"set aside: {check.name}, which contradicts {'; '.join(check.contradicts)}"


def _show_resolutions(found: Calibration, console: Console) -> None:
    if not found.resolutions:
        return
    best = ", ".join(f"{group} {size}" for group, size in found.resolutions.items())
    console.print(f"likeliest resolutions: {best}", soft_wrap=True)
    for sizes, cost in found.alternatives[1:3]:
        other = ", ".join(f"{group} {size}" for group, size in sizes.items())
        console.print(f"  {other}: costs {cost:.1f} more", soft_wrap=True)


def _show_left_open(sentences: tuple[str, ...], console: Console) -> None:
    if sentences:
        console.print("the observations cannot tell:")
    for sentence in sentences:
        console.print(f"  {sentence}", soft_wrap=True)


def _number(value: float) -> str:
    return f"{value:.3g}"
