"""``devsim simulate``."""

from pathlib import Path
from typing import Annotated

import typer

from devsim.cli.options import Force, Json, Output
from devsim.cli.output import note, print_json
from devsim.core.chrome import write_trace
from devsim.core.files import refuse_overwrite
from devsim.core.plan import Plan
from devsim.core.units import seconds
from devsim.policy.named import policy_of
from devsim.simulate.predict import summarise
from devsim.simulate.simulator import simulate


def command(
    plan: Annotated[Path, typer.Argument(help="A plan file.", show_default=False)],
    output: Output = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Run a plan in simulated time; -o writes a trace that opens in Perfetto."""
    if output:
        refuse_overwrite(output, force=force)
    made = Plan.read(plan)
    trace = simulate(made.pipeline, policy_of(made), made.budget_bytes)
    if output:
        write_trace(trace, output, force=force)
        note(f"trace written to {output}")
    if json:
        prediction = summarise(trace)
        print_json(
            {
                "makespan_s": seconds(prediction.makespan_ns),
                "peak_bytes": prediction.peak_bytes,
                "budget_bytes": made.budget_bytes,
                "load_busy_s": seconds(prediction.load_busy_ns),
                "compute_busy_s": seconds(prediction.compute_busy_ns),
                "stalls": {cause: seconds(ns) for cause, ns in prediction.stalls_ns.items()},
            }
        )
        return
    from devsim.report.console import stdout
    from devsim.report.trace_view import show_trace

    show_trace(trace, stdout())
