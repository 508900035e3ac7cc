"""A validation in the terminal."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.console import Console

from devsim.analysis.chunks import ChunkCompared, Distribution
from devsim.analysis.explain import Explanation
from devsim.analysis.validated import SpeedUp, Validated
from devsim.analysis.validation import Compared, Validation
from devsim.core.units import format_bytes, format_ns
from devsim.report.console import plain_table, styled

_MOST_CHUNKS = 12


class Verdict(NamedTuple):
    """Whether a plan holds what it must, and a sentence that says so.

    Where it does not, the sentence begins with the fault and a colon.
    """

    holds: bool
    text: str


def show_validation(validated: Validated, console: Console) -> None:
    """Print predicted against measured, what explains the error, and whether the plan held."""
    figures = validated.figures
    runs = len(figures.makespan.measured)
    table = plain_table("", "predicted", "measured", "error", f"spread of {runs}")
    table.add_row("makespan", *_cells(figures.makespan, format_ns), style="bold")
    table.add_row("load busy", *_cells(figures.load_busy, format_ns))
    table.add_row("compute busy", *_cells(figures.compute_busy, format_ns))
    table.add_row("peak footprint", *_cells(figures.peak, format_bytes))
    for cause, compared in figures.stalls.items():
        table.add_row(f"stalls: {cause}", *_cells(compared, format_ns))
    console.print(table)
    _show_chunks(figures.chunks, console)
    _show_explanation(validated.explanation, console)
    _show_baselines(validated.speed_ups, console)
    for verdict in verdicts(validated):
        fault, text = ("", verdict.text) if verdict.holds else verdict.text.split(":", 1)
        mark = styled("[bold red]{}:[/]{}", fault, text) if fault else text
        console.print(mark, soft_wrap=True)


def verdicts(validated: Validated) -> list[Verdict]:
    """One sentence about each thing that a plan must hold."""
    figures = validated.figures
    return [_budget(figures), _outputs(validated), *_finite(validated), *_error(figures)]


def _budget(figures: Validation) -> Verdict:
    largest = format_bytes(max(figures.peak.measured))
    budget = format_bytes(figures.budget_bytes)
    if figures.budget_exceeded:
        return Verdict(False, f"over budget: sampled footprint {largest} of {budget}")
    return Verdict(True, f"within budget: sampled footprint at most {largest} of {budget}")


def _outputs(validated: Validated) -> Verdict:
    if validated.equal:
        return Verdict(True, "outputs equal the unchunked model's bit for bit")
    psnr = "not finite" if math.isinf(validated.psnr_db) else f"PSNR {validated.psnr_db:.1f} dB"
    if validated.figures.outputs_match:
        return Verdict(True, f"outputs match the unchunked model's: {psnr}")
    return Verdict(False, f"wrong outputs: they are not the unchunked model's ({psnr})")


def _finite(validated: Validated) -> list[Verdict]:
    if not validated.not_finite:
        return []
    parts = [f"{count} of {name}" for name, count in validated.not_finite.items()]
    said = f"elements that are NaN or infinite: {', '.join(parts)}"
    if validated.figures.outputs_finite:
        return [Verdict(True, f"{said} (allowed)")]
    advice = "if the model means them, --allow-not-finite"
    return [Verdict(False, f"outputs not finite: {said}; {advice}")]


def _error(figures: Validation) -> list[Verdict]:
    if figures.max_error is None:
        return []
    said = f"makespan error {figures.makespan.error:+.1%}, at most {figures.max_error:.1%} asked"
    if figures.error_exceeded:
        return [Verdict(False, f"prediction off: {said}")]
    return [Verdict(True, said)]


def _show_chunks(chunks: Sequence[ChunkCompared], console: Console) -> None:
    table = plain_table("chunk", "cold load", "error", "cached", "error", "compute", "error")
    for chunk in chunks[:_MOST_CHUNKS]:
        each = (chunk.cold_load, chunk.cached_load, chunk.compute)
        table.add_row(chunk.name, *(cell for activity in each for cell in _measured(activity)))
    console.print()
    console.print(table)
    if len(chunks) > _MOST_CHUNKS:
        more = len(chunks) - _MOST_CHUNKS
        console.print(f"and {more} more chunks: all are in the report, -o report.html")
    console.print()


def _measured(durations: Distribution) -> tuple[str, str]:
    if not durations.measured:
        return "-", ""
    return format_ns(round(durations.measured_median)), f"{durations.error:+.0%}"


def _show_explanation(explanation: Explanation, console: Console) -> None:
    name, by = explanation.most
    if by > 0:
        console.print(
            f"most of the error is in the {name}: measured ones leave "
            f"{explanation.with_measured[name]:+.1%} of {explanation.error:+.1%}",
            soft_wrap=True,
        )
    console.print(f"with every cost as measured, {explanation.with_all:+.1%} is left")


def _show_baselines(speed_ups: Sequence[SpeedUp], console: Console) -> None:
    if not speed_ups:
        return
    table = plain_table("policy, in turns", "makespan", "peak", "the plan is faster by")
    for each in speed_ups:
        if each.makespans_ns:
            median = sorted(each.makespans_ns)[len(each.makespans_ns) // 2]
            peak = format_bytes(each.peak_bytes)
            table.add_row(each.policy, format_ns(median), peak, f"{each.speed_up:.2f}x")
        else:
            table.add_row(each.policy, "over budget", "", "")
    console.print()
    console.print(table)
    console.print()


def _cells(compared: Compared, show: Callable[[int], str]) -> tuple[str, ...]:
    return (
        show(compared.predicted),
        show(round(compared.median)),
        f"{compared.error:+.1%}" if compared.median else "",
        f"{compared.spread:.1%}" if compared.median else "",
    )
