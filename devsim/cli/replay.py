"""``devsim replay``."""

from pathlib import Path
from typing import Annotated

import typer

import devsim
from devsim.cli.options import Json
from devsim.cli.output import print_json


def command(
    trace: Annotated[Path, typer.Argument(help="A trace file.", show_default=False)],
    json: Json = False,
) -> None:
    """Tell a recorded or simulated run: lanes, footprint, stalls and what they waited for."""
    result = devsim.replay(trace)
    if json:
        print_json(result.to_dict())
        return
    from devsim.report.console import stdout
    from devsim.report.trace_view import show_trace

    show_trace(result.trace, stdout())
