"""``devsim validate``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from devsim.cli.options import Force, Json, Output, Threads
from devsim.cli.output import note, print_json, progress
from devsim.core.chrome import write_trace
from devsim.core.files import refuse_overwrite
from devsim.core.plan import Plan
from devsim.core.units import seconds
from devsim.policy.named import policy_of
from devsim.replay.validation import Compared, Validation, compare
from devsim.simulate.simulator import simulate


def command(
    plan: Annotated[Path, typer.Argument(help="A plan file.", show_default=False)],
    models: Annotated[Path, typer.Option(help="The converted packages.", show_default=False)],
    runtime: Annotated[str, typer.Option(help="What runs them.")] = "reference",
    runs: Annotated[int, typer.Option(min=1, help="How often.")] = 3,
    threads: Threads = None,
    output: Output = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Run a plan for real and put the prediction beside it; -o writes the last run's trace."""
    from devsim.execute.measured import run_plan

    if output:
        refuse_overwrite(output, force=force)
    made = Plan.read(plan)
    predicted = simulate(made.pipeline, policy_of(made), made.budget_bytes)
    measured = []
    for number in range(runs):
        with progress(f"run {number + 1} of {runs}") as show:
            measured.append(run_plan(made, models, runtime, threads, show))
    if output:
        write_trace(measured[-1].trace, output, force=force)
        note(f"trace written to {output}")
    result = compare(
        predicted, [run.trace for run in measured], [run.outputs_digest for run in measured]
    )
    if json:
        print_json(as_json(result))
    else:
        from devsim.report.console import stdout
        from devsim.report.validation_view import show_validation

        show_validation(result, stdout())
    if not result.passed:
        raise typer.Exit(1)


def as_json(result: Validation) -> dict[str, Any]:
    """The comparison in the units people script with."""
    figures = {
        "makespan_s": _seconds(result.makespan),
        "load_busy_s": _seconds(result.load_busy),
        "compute_busy_s": _seconds(result.compute_busy),
        "peak_bytes": (result.peak.predicted, list(result.peak.measured)),
    }
    return {
        "predicted": {name: predicted for name, (predicted, _) in figures.items()},
        "measured": {name: measured for name, (_, measured) in figures.items()},
        "spread": {
            "makespan": result.makespan.spread,
            "load_busy": result.load_busy.spread,
            "compute_busy": result.compute_busy.spread,
            "peak": result.peak.spread,
        },
        "makespan_error": result.makespan.error,
        "load_busy_error": result.load_busy.error,
        "compute_busy_error": result.compute_busy.error,
        "peak_error": result.peak.error,
        "budget_bytes": result.budget_bytes,
        "budget_exceeded": result.budget_exceeded,
        "outputs_match": result.outputs_match,
    }


def _seconds(compared: Compared) -> tuple[float, list[float]]:
    return seconds(compared.predicted), [seconds(ns) for ns in compared.measured]
