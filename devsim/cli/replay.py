"""``devsim replay``."""

from pathlib import Path
from typing import Annotated

import typer

from devsim.cli.options import Json
from devsim.cli.output import print_json
from devsim.core.chrome import read_trace
from devsim.core.stalls import Stall
from devsim.core.trace import Kind
from devsim.core.units import seconds
from devsim.replay.story import tell


def command(
    trace: Annotated[Path, typer.Argument(help="A trace file.", show_default=False)],
    json: Json = False,
) -> None:
    """Tell a recorded or simulated run: lanes, footprint, stalls and what they waited for."""
    recorded = read_trace(trace)
    if json:
        story = tell(recorded, columns=1)
        print_json(
            {
                "origin": recorded.origin,
                "policy": recorded.policy,
                "makespan_s": seconds(recorded.makespan_ns),
                "peak_bytes": recorded.peak_bytes,
                "budget_bytes": recorded.budget_bytes,
                "load_busy_s": seconds(recorded.busy_ns(Kind.LOAD)),
                "compute_busy_s": seconds(recorded.busy_ns(Kind.COMPUTE)),
                "stalls": {cause: seconds(ns) for cause, ns in story.stalls_ns.items()},
                "worst_stalls": [_stall(stall) for stall in story.worst],
            }
        )
        return
    from devsim.report.console import stdout
    from devsim.report.trace_view import show_trace

    show_trace(recorded, stdout())


def _stall(stall: Stall) -> dict[str, object]:
    return {
        "cause": stall.cause.value,
        "start_s": seconds(stall.start_ns),
        "seconds": seconds(stall.duration_ns),
        "before": f"{stall.before.stage}/{stall.before.iteration}/{stall.before.name}",
        "waited_for_load": stall.load.name if stall.load else None,
    }
