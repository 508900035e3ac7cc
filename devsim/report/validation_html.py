"""A validation as one HTML page that needs nothing else."""

from collections.abc import Callable, Iterable
from html import escape

from devsim.analysis.chunks import Distribution
from devsim.analysis.validated import Validated
from devsim.analysis.validation import Compared
from devsim.core.units import format_bytes, format_ns
from devsim.report.validation_view import Verdict, verdicts

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 } caption { text-align: left; font-weight: 600 }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #8884 }
th:first-child, td:first-child { text-align: left }
svg { vertical-align: middle } .no { color: #b00020; font-weight: 600 }
"""
_WIDTH = 160


def validation_html(title: str, validated: Validated) -> str:
    """The figures, every chunk's distributions, what explains the error, and the environment."""
    figures = validated.figures
    rows = [
        ("makespan", *_cells(figures.makespan, format_ns)),
        ("load busy", *_cells(figures.load_busy, format_ns)),
        ("compute busy", *_cells(figures.compute_busy, format_ns)),
        ("peak footprint", *_cells(figures.peak, format_bytes)),
        *(
            (f"stalls: {cause}", *_cells(compared, format_ns))
            for cause, compared in figures.stalls.items()
        ),
    ]
    body = [
        f"<h1>{escape(title)}</h1>",
        *(_verdict(verdict) for verdict in verdicts(validated)),
        _table("Predicted and measured", ("", "predicted", "measured", "error", "spread"), rows),
        _table("Error with measured costs", ("cost", "error left"), _explained(validated)),
        _chunks(validated),
        _baselines(validated),
        _table("Environment", ("", ""), validated.environment.items()),
    ]
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style>\n" + "\n".join(body) + "</html>\n"
    )


def _verdict(verdict: Verdict) -> str:
    kind = "" if verdict.holds else ' class="no"'
    return f"<p{kind}>{escape(verdict.text)}</p>"


def _explained(validated: Validated) -> list[tuple[str, str]]:
    explanation = validated.explanation
    return [
        ("as predicted", f"{explanation.error:+.1%}"),
        *((name, f"{error:+.1%}") for name, error in explanation.with_measured.items()),
        ("all of them", f"{explanation.with_all:+.1%}"),
    ]


def _chunks(validated: Validated) -> str:
    header = ("chunk", "", "predicted", "measured", "error", "samples", "predicted | measured")
    rows = []
    for chunk in validated.figures.chunks:
        each = {"cold load": chunk.cold_load, "cached load": chunk.cached_load}
        for name, durations in {**each, "compute": chunk.compute}.items():
            if durations.measured:
                rows.append((f"{chunk.stage} {chunk.name}", name, *_distribution(durations)))
    return _table("Chunks", header, rows, html_from=6)


def _distribution(durations: Distribution) -> tuple[str, ...]:
    return (
        format_ns(round(durations.predicted_median)),
        format_ns(round(durations.measured_median)),
        f"{durations.error:+.1%}",
        str(len(durations.measured)),
        _strip(durations),
    )


def _strip(durations: Distribution) -> str:
    """Measured durations as ticks, from 0, and the predicted median as a red line."""
    largest = max(*durations.measured, *durations.predicted, 1)
    ticks = "".join(
        f'<path d="M{value / largest * _WIDTH:.1f} 4v12" stroke="#2a6" stroke-opacity=".5"/>'
        for value in durations.measured
    )
    at = durations.predicted_median / largest * _WIDTH
    line = f'<path d="M{at:.1f} 0v20" stroke="#b00020" stroke-width="2"/>'
    return (
        f'<svg width="{_WIDTH + 4}" height="20" viewBox="-2 0 {_WIDTH + 4} 20">{ticks}{line}</svg>'
    )


def _baselines(validated: Validated) -> str:
    rows = [
        (
            each.policy,
            ", ".join(format_ns(ns) for ns in each.makespans_ns) or "over budget",
            format_bytes(each.peak_bytes) if each.makespans_ns else "",
            f"{each.speed_up:.2f}x" if each.makespans_ns else "",
        )
        for each in validated.speed_ups
    ]
    if not rows:
        return ""
    return _table("Policies, in turns", ("policy", "makespans", "peak", "plan is faster by"), rows)


def _cells(compared: Compared, show: Callable[[int], str]) -> tuple[str, ...]:
    return (
        show(compared.predicted),
        ", ".join(show(value) for value in compared.measured),
        f"{compared.error:+.1%}",
        f"{compared.spread:.1%}",
    )


def _table(
    caption: str, header: Iterable[str], rows: Iterable[Iterable[str]], html_from: int = 99
) -> str:
    """A table; cells from column ``html_from`` on are HTML already."""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join(
        "<tr>"
        + "".join(
            f"<td>{cell if number >= html_from else escape(cell)}</td>"
            for number, cell in enumerate(row)
        )
        + "</tr>\n"
        for row in rows
    )
    return f"<table><caption>{escape(caption)}</caption><tr>{head}</tr>\n{body}</table>"
