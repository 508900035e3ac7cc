"""A plan in the terminal."""

from rich.console import Console

from devsim.core.pipeline import Stage
from devsim.core.plan import Plan, Prediction, Residency
from devsim.core.units import format_bytes, format_ns
from devsim.report.console import plain_table


def show_plan(plan: Plan, console: Console) -> None:
    """Print what is cut how, what stays resident, what it costs, and what else there is."""
    prediction = plan.prediction
    console.print(
        f"[bold]{plan.pipeline.workload}[/] on [bold]{plan.device}[/], {plan.shape}, "
        f"budget {format_bytes(plan.budget_bytes)}"
    )
    console.print(
        f"policy [bold]{plan.policy}[/]: makespan [bold]{format_ns(prediction.makespan_ns)}[/], "
        f"peak [bold]{format_bytes(prediction.peak_bytes)}[/]; "
        f"no plan beats {format_ns(plan.lower_bound_ns)} (gap {plan.gap:.1%})\n"
    )
    for stage, residency in zip(plan.pipeline.stages, plan.residency, strict=True):
        _show_stage(stage, residency, console)
    _show_baselines(plan, console)


def _show_stage(stage: Stage, residency: Residency, console: Console) -> None:
    blocks = sum(len(chunk.blocks) for chunk in stage.chunks)
    kept = sum(stage.chunks[number].cost.resident_bytes for number in residency.resident)
    weights = sum(chunk.cost.weight_bytes for chunk in stage.chunks)
    console.print(
        f"stage [bold]{stage.name}[/] ({stage.variant}): {stage.iterations} iterations of "
        f"{blocks} blocks, {format_bytes(weights)}"
    )
    console.print(
        f"  {len(stage.chunks)} chunks, {len(residency.resident)} resident "
        f"({format_bytes(kept)}), window {residency.window}"
    )
    resident = set(residency.resident)
    marks = "".join("■" if number in resident else "·" for number in range(len(stage.chunks)))
    console.print(f"  {marks}  ■ resident  · streamed\n")


def _show_baselines(plan: Plan, console: Console) -> None:
    table = plain_table("policy", "makespan", "peak", "load busy", "compute busy", "stalls")
    table.add_row(*_row("this plan", plan.prediction), style="bold")
    for baseline in plan.baselines:
        if baseline.prediction is None:
            table.add_row(baseline.policy, "over budget")
        else:
            table.add_row(*_row(baseline.policy, baseline.prediction))
    console.print(table)


def _row(name: str, prediction: Prediction) -> tuple[str, ...]:
    return (
        name,
        format_ns(prediction.makespan_ns),
        format_bytes(prediction.peak_bytes),
        format_ns(prediction.load_busy_ns),
        format_ns(prediction.compute_busy_ns),
        format_ns(sum(prediction.stalls_ns.values())),
    )
