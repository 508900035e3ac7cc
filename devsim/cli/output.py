"""What every verb shares: results on standard output, the rest on standard error."""

import json
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from devsim.core.errors import DevsimError


class _State:
    debug = False


state = _State()


def print_json(result: dict[str, Any]) -> None:
    """Print one JSON object on standard output."""
    print(json.dumps(result, indent=1))


def note(line: str) -> None:
    """Say something that is not the result, on standard error."""
    print(line, file=sys.stderr)


def fail(error: BaseException, exit_status: int) -> int:
    """Say in one line what is wrong and how to mend it; with --debug, the traceback too."""
    if state.debug:
        traceback.print_exception(error)
    if isinstance(error, DevsimError):
        line = str(error)
    else:
        line = f"internal error: {type(error).__name__}: {error}; run again with devsim --debug"
    note("devsim: " + " ".join(line.split()))
    return exit_status


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int, str], None]]:
    """Show how far long work is, on standard error and only on a terminal.

    Yields:
        A function that takes how much is done, how much there is, and what is being done.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
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
