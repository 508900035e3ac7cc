"""Draws a terminal picture of a trace for the README.

python tools/picture.py TRACE OUTPUT.svg
"""

import io
import sys
from pathlib import Path

from rich.console import Console

from devsim.core.chrome import read_trace
from devsim.report.trace_view import show_trace

COLUMNS = 88


def draw(trace: Path, output: Path) -> None:
    """Write what ``devsim replay TRACE`` prints as an SVG."""
    console = Console(
        record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, highlight=False
    )
    show_trace(read_trace(trace), console)
    console.save_svg(str(output), title=f"devsim replay {trace}")


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
