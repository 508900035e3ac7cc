"""What every verb shares: results on standard output, the rest on standard error."""

import json
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from devsim.core.errors import ArgumentError, DevsimError
from devsim.core.printable import printable, quoted
from devsim.report.broken_pipe import leave_quietly

_LONGEST_LINE = 2_000
_PARAMETER = re.compile(r"`(\w+)`")


class _State:
    debug = False


state = _State()


def print_json(result: dict[str, Any]) -> None:
    """Print one JSON object on standard output."""
    try:
        print(json.dumps(result, indent=1), flush=True)
    except BrokenPipeError:
        leave_quietly()


def note(line: str) -> None:
    """Say something that is not the result, on standard error."""
    print(printable(line), file=sys.stderr)


def fail(error: BaseException, exit_status: int) -> int:
    """Say in one line what is wrong and how to mend it; with --debug, the traceback too."""
    if state.debug:
        traceback.print_exception(error)
    if isinstance(error, ArgumentError):
        line = _PARAMETER.sub(_as_option, str(error))
    elif isinstance(error, DevsimError):
        line = str(error)
    else:
        line = f"internal error: {type(error).__name__}: {error}; run again with devsim --debug"
    note("devsim: " + quoted(line.replace("\n", " "), _LONGEST_LINE))
    return exit_status


def _as_option(parameter: re.Match[str]) -> str:
    """What the command line calls a parameter of the library."""
    return "--" + parameter[1].replace("_", "-")


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int, str], None]]:
    """Show how far long work is, on standard error and only on a terminal.

    Yields:
        A function that takes how much is done, how much there is, and what is being done.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from devsim.report.console import stderr

    console = stderr()
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(label, total=None)

        def update(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=f"{label} {what}")

        yield update
