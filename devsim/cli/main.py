"""The ``devsim`` command: its verbs, and how errors end as exit statuses."""

import sys
from typing import Annotated

import typer

import devsim
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
from devsim.core.errors import DevsimError

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
        print(f"devsim {devsim.__version__}")
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
    try:
        app()
    except DevsimError as error:
        sys.exit(fail(error, error.exit_status))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(1)
    except Exception as error:
        sys.exit(fail(error, 3))
