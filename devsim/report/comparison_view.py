"""A comparison in the terminal."""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from rich.console import Console
from rich.table import Table
from rich.text import Text

from devsim.analysis.comparison.change import Change, Sampled, Unit, Verdict
from devsim.analysis.comparison.comparison import Comparison
from devsim.core.units import format_bytes, format_ns
from devsim.report.console import plain_table, styled

_MARKS = {
    Verdict.BETTER: Text("better", style="green"),
    Verdict.WORSE: Text("worse", style="red"),
    Verdict.NOISE: Text("~"),
}
_PARTS = {"profile": "block", "plan": "chunk", "trace": "chunk"}
_NARROWEST = 12
"""Columns that words are cut off at, however long the names beside them."""
_CHANGED = (Verdict.BETTER, Verdict.WORSE)


def show_comparison(compared: Comparison, threshold: Fraction, console: Console) -> None:
    """Print what differs: settings, a plan's choices, and what got better or worse."""
    console.print(styled("[bold]{}[/]: two {}s\n", compared.workload, compared.kind))
    _show_settings(compared, console)
    _show_choices(compared, console)
    _show_changes("total", compared.totals, threshold, console)
    judged = [(part, part.verdict(threshold)) for part in compared.parts]
    changed = [part for part, verdict in judged if verdict in _CHANGED]
    _show_changes(_PARTS[compared.kind], changed, threshold, console)
    rest = Counter(verdict for _, verdict in judged if verdict not in _CHANGED)
    if rest:
        parts = _PARTS[compared.kind]
        console.print(f"other figures of {parts}s: {_counted(rest, threshold)}\n")
    console.print(styled("[bold]{}[/]", answer(compared, threshold)))


def answer(compared: Comparison, threshold: Fraction) -> str:
    """Whether something that matters got worse, and what did so most."""
    regressions = compared.regressions(threshold)
    if not regressions:
        return f"nothing that matters is worse by more than {_percent(threshold)}"
    worst = max(regressions, key=lambda change: change.ratio or float("inf"))
    more = f", and {len(regressions) - 1} more" if len(regressions) > 1 else ""
    return f"worse by more than {_percent(threshold)}: {worst.name} ({_difference(worst)}){more}"


def _show_settings(compared: Comparison, console: Console) -> None:
    differing = [each for each in compared.settings if not each.same]
    rows = [(each.name, each.before, each.after) for each in differing if not each.one_sided]
    if rows:
        console.print("not under the same settings, so these are compared too:", style="yellow")
        _show_words("setting", rows, console)
    unknown = [each.name for each in differing if each.one_sided]
    if unknown:
        console.print(styled("[yellow]only one side says its[/] {}\n", ", ".join(unknown)))


def _show_choices(compared: Comparison, console: Console) -> None:
    rows = [
        (
            f"{each.stage} {each.name}",
            _told(each.before, each.after),
            _told(each.after, each.before),
        )
        for each in compared.choices
        if not each.same
    ]
    if rows:
        _show_words("choice", rows, console)


def _told(mine: Sequence[str], others: Sequence[str]) -> str:
    """One word as it is; of several, how many and which the other side has not."""
    if len(mine) < 2:
        return "".join(mine) or "none"
    only_here = [word for word in mine if word not in others]
    return f"{len(mine)}: {', '.join(only_here)}" if only_here else f"{len(mine)}"


def _show_words(header: str, rows: Sequence[tuple[str, str, str]], console: Console) -> None:
    table = plain_table(header, "before", "after")
    for row in rows:
        table.add_row(*row)
    named = max(len(name) for name, _, _ in rows)
    for column in table.columns[1:]:
        column.justify, column.no_wrap, column.overflow = "left", True, "ellipsis"
        column.max_width = max(_NARROWEST, (console.width - named - 3) // 2)
    _print(table, console)


def _show_changes(
    header: str, changes: Sequence[Change], threshold: Fraction, console: Console
) -> None:
    if not changes:
        return
    table = plain_table(header, "before", "after", "change", "")
    table.columns[4].justify = "left"
    for change in changes:
        table.add_row(
            change.name,
            _shown(change.before, change.unit),
            _shown(change.after, change.unit),
            _difference(change),
            _MARKS.get(change.verdict(threshold), ""),
        )
    _print(table, console)


def _print(table: Table, console: Console) -> None:
    console.print(table)
    console.print()


def _shown(found: Sampled | None, unit: Unit) -> str:
    if found is None:
        return "-"
    show = format_ns if unit is Unit.NS else format_bytes
    return show(round(found.median))


def _difference(change: Change) -> str:
    if change.ratio is None:
        return "new"
    return f"{change.ratio - 1:+.1%}" if change.ratio != 1 else "="


def _counted(rest: Counter[Verdict], threshold: Fraction) -> str:
    within = {Verdict.UNCHANGED: f"within {_percent(threshold)}", Verdict.NOISE: "noise (~)"}
    return ", ".join(
        f"{rest[verdict]} {within.get(verdict, verdict.value)}"
        for verdict in Verdict
        if rest[verdict]
    )


def _percent(threshold: Fraction) -> str:
    return f"{float(threshold * 100):g}%"
