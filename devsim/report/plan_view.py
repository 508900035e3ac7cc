"""A plan in the terminal."""

from rich.console import Console

from devsim.core.pipeline import Stage
from devsim.core.plan import Baseline, Figures, Plan, Residency
from devsim.core.trace import Kind, Trace
from devsim.core.units import format_bytes, format_ns
from devsim.report.console import plain_table, styled
from devsim.report.plan_story import Excerpt, count_of, curve_of, excerpt_of, trace_of

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_ROWS = 4
_LABEL = 9
_WIDEST = 100
_TIE = 0.001
"""Makespans that differ by less than this share are called a tie."""


def show_plan(plan: Plan, console: Console) -> None:
    """Print what is cut how, what stays resident, what it costs, and what else there is."""
    prediction = plan.prediction
    workload = plan.pipeline.workload
    console.print(styled("[bold]{}[/] on [bold]{}[/], {}", workload, plan.device, plan.shape))
    console.print(
        styled(
            "policy [bold]{}[/], objective {}: makespan [bold]{}[/]\n"
            "peak [bold]{}[/] of a budget of {}; no plan beats {} (gap {})",
            plan.policy,
            plan.objective,
            format_ns(prediction.makespan_ns),
            format_bytes(prediction.peak_bytes),
            format_bytes(plan.asked_bytes),
            format_ns(plan.lower_bound_ns),
            f"{plan.gap:.1%}",
        )
    )
    if plan.robustness:
        found = plan.robustness
        console.print(
            styled(
                "of {} drawn runs, {} % take at most [bold]{}[/], half at most {}",
                found.runs,
                found.percentile,
                format_ns(found.makespan_ns),
                format_ns(found.median_ns),
            )
        )
    if plan.offered_bytes:
        console.print(f"faster when it holds no more than {format_bytes(plan.budget_bytes)}")
    console.print()
    for stage, residency in zip(plan.pipeline.stages, plan.residency, strict=True):
        _show_stage(stage, residency, console)
    console.print("■ resident  · streamed  | next chunk\n", style="dim")
    trace = trace_of(plan)
    columns = max(10, min(console.width, _WIDEST) - _LABEL - 1)
    _show_memory(trace, plan.asked_bytes, columns, console)
    _show_excerpt(excerpt_of(plan, trace), columns, console)
    show_baselines(plan, console)


def _show_stage(stage: Stage, residency: Residency, console: Console) -> None:
    blocks = sum(len(chunk.blocks) for chunk in stage.chunks)
    kept = sum(stage.chunks[number].cost.resident_bytes for number in residency.resident)
    weights = sum(chunk.cost.weight_bytes for chunk in stage.chunks)
    console.print(
        styled(
            "stage [bold]{}[/] ({}): {} of {}, {}",
            stage.name,
            stage.variant,
            count_of(stage.iterations, "iteration"),
            count_of(blocks, "block"),
            format_bytes(weights),
        )
    )
    console.print(
        f"  {count_of(len(stage.chunks), 'chunk')}, {len(residency.resident)} resident "
        f"({format_bytes(kept)}), window {residency.window}"
    )
    console.print(f"  {chunk_marks(stage, residency)}\n", soft_wrap=True)


def chunk_marks(stage: Stage, residency: Residency) -> str:
    """A mark a block, chunks apart: full where resident, a dot where streamed.

    Stages of many blocks get a mark a chunk.
    """
    resident = set(residency.resident)
    marks = ["■" if number in resident else "·" for number in range(len(stage.chunks))]
    if sum(len(chunk.blocks) for chunk in stage.chunks) > _WIDEST // 2:
        return "".join(marks[:_WIDEST]) + ("…" if len(marks) > _WIDEST else "")
    blocks = (mark * len(chunk.blocks) for mark, chunk in zip(marks, stage.chunks, strict=True))
    return "|".join(blocks)


def _show_memory(trace: Trace, budget_bytes: int, columns: int, console: Console) -> None:
    console.print("memory over the run")
    levels = [
        size / max(budget_bytes, 1) * _ROWS * 8
        for size in curve_of(trace, 0, trace.makespan_ns, columns)
    ]
    for row in reversed(range(_ROWS)):
        label = {_ROWS - 1: format_bytes(budget_bytes), 0: "0"}.get(row, "")
        cells = (_EIGHTHS[int(min(8, max(0, level - row * 8)))] for level in levels)
        console.print(f"{label:<{_LABEL}}{''.join(cells)}", style="magenta")
    console.print(f"{'':<{_LABEL}}0{format_ns(trace.makespan_ns):>{columns - 1}}\n", style="dim")


def _show_excerpt(excerpt: Excerpt, columns: int, console: Console) -> None:
    took_ns = excerpt.end_ns - excerpt.start_ns
    console.print(f"{excerpt.stage}, iteration {excerpt.iteration} (chunk numbers)")
    for kind, style in ((Kind.COMPUTE, "green"), (Kind.LOAD, "cyan")):
        row = [" "] * columns
        for span in excerpt.spans:
            if span.kind is kind:
                start = max(0, span.start_ns - excerpt.start_ns) * columns // took_ns
                end = (min(span.end_ns, excerpt.end_ns) - excerpt.start_ns) * columns // took_ns
                row[start:end] = _bar(str(span.chunk), end - start)
        console.print(f"{kind.value:<{_LABEL}}{''.join(row)}", style=style)
    console.print(f"{'':<{_LABEL}}0{format_ns(took_ns):>{columns - 1}}\n", style="dim")


def _bar(label: str, width: int) -> list[str]:
    """An activity of so many cells: a border, its chunk's number if there is room, a line."""
    if width <= 0:
        return []
    shown = label if len(label) < width else ""
    return list("▌" + shown + "━" * (width - 1 - len(shown)))


def show_reasons(reasons: list[str], console: Console) -> None:
    """Print why the plan is as it is, a paragraph a reason."""
    for reason in reasons:
        console.print(f"\n{reason}")


def show_baselines(plan: Plan, console: Console) -> None:
    """Print every named policy beside the plan, and who is as good."""
    table = plain_table("policy", "makespan", "to plan", "peak", "stalls", "bytes read")
    stall_ns = sum(plan.prediction.stalls_ns.values())
    own = Figures(
        makespan_ns=plan.prediction.makespan_ns,
        peak_bytes=plan.prediction.peak_bytes,
        stall_ns=stall_ns,
        read_bytes=plan.read_bytes,
    )
    table.add_row("this plan", *_row(own, own), style="bold")
    for baseline in plan.baselines:
        if baseline.figures is None:
            table.add_row(baseline.policy, "over budget")
        else:
            table.add_row(baseline.policy, *_row(baseline.figures, own))
    console.print(table)
    tied = ties(plan)
    if tied:
        names = ", ".join(each.policy for each in tied)
        console.print(f"\nas fast within {_TIE:.1%}: {names}", soft_wrap=True)


def ties(plan: Plan) -> list[Baseline]:
    """The named policies that are as fast as the plan, or nearly."""
    own_ns = plan.prediction.makespan_ns
    return [
        each
        for each in plan.baselines
        if each.figures and abs(each.figures.makespan_ns - own_ns) <= own_ns * _TIE
    ]


def _row(figures: Figures, own: Figures) -> tuple[str, ...]:
    slower = figures.makespan_ns / max(own.makespan_ns, 1) - 1
    return (
        format_ns(figures.makespan_ns),
        "" if figures is own else f"{slower:+.1%}",
        format_bytes(figures.peak_bytes),
        format_ns(figures.stall_ns),
        format_bytes(figures.read_bytes),
    )
