"""A trace told in the terminal: lanes, footprint, stalls."""

from rich.console import Console

from devsim.analysis.story import Story, tell
from devsim.core.stalls import Stall
from devsim.core.trace import Kind, Trace
from devsim.core.units import format_bytes, format_ns
from devsim.report.console import plain_table, styled

_SHADES = " ░▒▓█"
_EIGHTHS = " ▁▂▃▄▅▆▇█"
_ROWS = 4
_LABEL = 8


def show_trace(trace: Trace, console: Console) -> None:
    """Print the run over its makespan, its stalls by cause, and the worst of them."""
    columns = max(10, min(console.width, 160) - _LABEL - 1)
    story = tell(trace, columns)
    console.print(
        styled(
            "[bold]{}[/], policy [bold]{}[/], {}\nmakespan [bold]{}[/], peak [bold]{}[/] of {}\n",
            trace.workload,
            trace.policy,
            trace.origin,
            format_ns(trace.makespan_ns),
            format_bytes(trace.peak_bytes),
            format_bytes(trace.budget_bytes),
        )
    )
    _show_curves(story, console)
    _show_causes(story, console)
    _show_worst(story, console)


def _show_curves(story: Story, console: Console) -> None:
    makespan = format_ns(story.trace.makespan_ns)
    console.print(f"{'compute':<{_LABEL}}{_shade(story.compute_busy)}", style="green")
    console.print(f"{'load':<{_LABEL}}{_shade(story.load_busy)}", style="cyan")
    budget = max(story.trace.budget_bytes, story.trace.peak_bytes, 1)
    levels = [size / budget * _ROWS * 8 for size in story.footprint_bytes]
    for row in reversed(range(_ROWS)):
        label = {_ROWS - 1: "budget", 0: "memory"}.get(row, "")
        cells = (_EIGHTHS[int(min(8, max(0, level - row * 8)))] for level in levels)
        console.print(f"{label:<{_LABEL}}{''.join(cells)}", style="magenta")
    width = len(levels)
    console.print(f"{'':<{_LABEL}}0{makespan:>{width - 1}}\n", style="dim")


def _shade(busy: tuple[float, ...]) -> str:
    return "".join(_SHADES[round(part * (len(_SHADES) - 1))] for part in busy)


def _show_causes(story: Story, console: Console) -> None:
    makespan_ns = max(story.trace.makespan_ns, 1)
    table = plain_table("compute lane", "time", "share")
    rows = {"busy": story.trace.busy_ns(Kind.COMPUTE)}
    rows |= {f"stall: {cause}": duration for cause, duration in story.stalls_ns.items()}
    for name, duration in rows.items():
        table.add_row(name, format_ns(duration), f"{duration / makespan_ns:.1%}")
    console.print(table)


def _show_worst(story: Story, console: Console) -> None:
    if not story.worst:
        return
    console.print(styled("\n[bold]worst stalls[/]"))
    table = plain_table("at", "stall", "before", "waited for")
    table.columns[2].justify = table.columns[3].justify = "left"
    for stall in story.worst:
        before = stall.before
        table.add_row(
            format_ns(stall.start_ns),
            format_ns(stall.duration_ns),
            f"{before.stage} {before.name}, iteration {before.iteration}",
            _waited_for(stall),
        )
    console.print(table)


def _waited_for(stall: Stall) -> str:
    load = stall.load
    if load is None:
        return f"{stall.cause}"
    kind = "cold load" if load.cold else "load"
    return f"{stall.cause}: {kind} of {load.name} ({format_ns(load.duration_ns)})"
