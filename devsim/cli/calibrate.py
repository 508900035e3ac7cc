"""``devsim calibrate``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devsim.cli.options import Force, Json, Output
from devsim.cli.output import note, print_json, progress
from devsim.core.chrome import read_trace
from devsim.core.errors import BadInputError
from devsim.core.files import refuse_overwrite
from devsim.core.profile import Profile
from devsim.core.shipped import with_shipped_work

if TYPE_CHECKING:  # numpy is imported by this verb alone, so that the others start fast
    from devsim.calibration.calibration import Calibration
    from devsim.calibration.from_trace import TraceCalibration


def command(
    profile: Annotated[
        Path, typer.Option(help="The profile whose costs are fitted.", show_default=False)
    ],
    totals: Annotated[
        Path | None, typer.Option(help="Observed totals, a .toml file.", show_default=False)
    ] = None,
    also: Annotated[
        list[Path] | None,
        typer.Option(help="A profile of the same device at another shape.", show_default=False),
    ] = None,
    trace: Annotated[
        Path | None, typer.Option(help="A measured trace; on its own.", show_default=False)
    ] = None,
    output: Output = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Fit a device's costs to observed totals, profiles or a measured trace.

    Prints every parameter with its interval, the signed error on every observation, and what the
    observations cannot tell apart. -o writes the profile with the fitted costs.
    """
    from devsim.calibration.calibration import calibrate, calibrated_profile
    from devsim.calibration.from_trace import calibrate_from_trace
    from devsim.calibration.totals import Totals

    if output:
        refuse_overwrite(output, force=force)
    if trace and (totals or also):
        raise BadInputError(
            "--trace is fitted on its own", "leave --totals and --also out, and calibrate again"
        )
    read = Profile.read(profile)
    if trace:
        found = calibrate_from_trace(read, read_trace(trace))
        _write(found.profile, output, force=force)
        _show_trace(found, json=json)
        return
    read = with_shipped_work(read)
    others = [with_shipped_work(Profile.read(path)) for path in also or []]
    given = Totals.read(totals) if totals else None
    with progress("calibrate") as show:
        fitted = calibrate(read, given, others, on_fit=show)
    title = given.title if given else f"the measured packages of {profile.name}"
    _write(calibrated_profile(read, fitted, title), output, force=force)
    _show(fitted, json=json)


def _write(made: Profile, output: Path | None, *, force: bool) -> None:
    if output:
        made.write(output, force=force)
        note(f"profile written to {output}")


def _show(found: "Calibration", *, json: bool) -> None:
    if json:
        from devsim.report.calibration_json import calibration_as_json

        print_json(calibration_as_json(found))
        return
    from devsim.report.calibration_view import show_calibration
    from devsim.report.console import stdout

    show_calibration(found, stdout())


def _show_trace(found: "TraceCalibration", *, json: bool) -> None:
    if json:
        from devsim.report.calibration_json import trace_calibration_as_json

        print_json(trace_calibration_as_json(found))
        return
    from devsim.report.calibration_view import show_trace_calibration
    from devsim.report.console import stdout

    show_trace_calibration(found, stdout())
