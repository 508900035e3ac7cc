"""The ``devsim`` command: its verbs, and how errors end as exit statuses."""

import io
import signal
import sys
from typing import Annotated

import typer
from pydantic import ValidationError

from devsim.cli import (
    calibrate,
    compare,
    convert,
    devices,
    plan,
    profile,
    replay,
    run,
    simulate,
    split,
    validate,
    workloads,
)
from devsim.cli.output import fail, state
from devsim.core.errors import BadInputError, DevsimError
from devsim.core.files import out_of_range
from devsim.report.broken_pipe import leave_quietly
from devsim.version import __version__

_INTERRUPTED = 128 + signal.SIGINT

app = typer.Typer(
    name="devsim",
    help="Plan, simulate and validate models larger than memory on mobile devices.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for verb in (
    devices,
    workloads,
    convert,
    split,
    run,
    profile,
    plan,
    simulate,
    validate,
    replay,
    compare,
    calibrate,
):
    app.command(name=verb.__name__.rpartition(".")[2])(verb.command)


def _version(asked: bool) -> None:
    if asked:
        print(f"devsim {__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Plan, simulate and validate models larger than memory on mobile devices."""
    state.debug = debug


def main() -> None:
    """Run the command line; never shows a traceback unless asked."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # for encodings that lack a character
    try:
        app()
    except DevsimError as error:
        sys.exit(fail(error, error.exit_status))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        leave_quietly()
    except OSError as error:  # of the machine: a full disk, a path that no file system takes
        where = f"{error.filename}: " if error.filename else ""
        problem = f"{where}{error.strerror or error}"
        sys.exit(fail(BadInputError(problem, "check the path, its permissions and the disk"), 2))
    except ValidationError as error:  # of values that were computed; see Frozen
        sys.exit(fail(out_of_range(error), 2))
    except Exception as error:
        sys.exit(fail(error, 3))
