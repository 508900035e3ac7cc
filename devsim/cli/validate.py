"""``devsim validate``."""

import json as json_format
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devsim.analysis.expected import expected_peak_bytes
from devsim.analysis.explain import explain
from devsim.analysis.validated import Validated, speed_ups
from devsim.analysis.validation import compare
from devsim.cli.conditions import (
    HardLimit,
    OnPressureOption,
    Shrinks,
    conditions_of,
    parse_fraction,
)
from devsim.cli.options import Force, Json, Threads
from devsim.cli.output import note, print_json, progress
from devsim.cli.setting import CoresOption, InputsOption, setting_like
from devsim.core.chrome import write_trace
from devsim.core.errors import BadInputError
from devsim.core.files import refuse_overwrite, write_atomically
from devsim.core.plan import Plan
from devsim.execute.sampler import SAMPLE_EVERY_NS
from devsim.policy.named import BASELINES, policy_of
from devsim.report.validation_json import validation_json
from devsim.simulation.simulator import simulate

if TYPE_CHECKING:
    from devsim.execute.campaign import Campaign
    from devsim.execute.measured import OnProgress
    from devsim.execute.recording import Recording


def command(
    plan: Annotated[Path, typer.Argument(help="A plan file.", show_default=False)],
    models: Annotated[Path, typer.Option(help="The converted packages.", show_default=False)],
    runtime: Annotated[
        str | None, typer.Option(help="What runs them; else the profile's.", show_default=False)
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="How often.")] = 3,
    baselines: Annotated[
        bool, typer.Option("--baselines", help="Run the named policies too, in turns.")
    ] = False,
    unchunked: Annotated[
        Path | None,
        typer.Option(
            help="What computes the right outputs: packages, or the one they were split from.",
            show_default=False,
        ),
    ] = None,
    inputs: InputsOption = None,
    max_error: Annotated[
        str | None,
        typer.Option(help="Fail above this makespan error, such as 5%.", show_default=False),
    ] = None,
    allow_not_finite: Annotated[
        bool,
        typer.Option("--allow-not-finite", help="Let outputs have NaNs and infinities."),
    ] = False,
    enforce: Annotated[
        bool, typer.Option("--enforce", help="Kill a run that holds more than the budget.")
    ] = False,
    hard_limit: HardLimit = None,
    shrink: Shrinks = None,
    on_pressure: OnPressureOption = "stop",
    threads: Threads = None,
    cores: CoresOption = None,
    page_cache: Annotated[
        str | None,
        typer.Option(help="File pages: keep, drop or drop-always.", show_default=False),
    ] = None,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "-o", "--output", help="Trace, report.html or report.json.", show_default=False
        ),
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Run a plan for real and put the prediction beside it.

    A trace is the last run's; of a run that fails it has what was done until then.
    """
    outputs = output or []
    for path in outputs:
        _require_format(path)
        refuse_overwrite(path, force=force)
    made = Plan.read(plan)
    bound = parse_fraction(max_error) if max_error else None
    conditions = conditions_of(made, enforce, hard_limit, shrink, on_pressure)
    setting = setting_like(made, models, runtime, threads, cores, page_cache)

    from devsim.execute.campaign import run_campaign

    policies = BASELINES if baselines else ()
    with progress("") as show, _keeping_the_trace(outputs, force) as on_recording:

        def on_run(recording: "Recording", label: str) -> "OnProgress":
            on_recording.append(recording)
            return lambda done, total, what: show(done, total, f"{label} {what}")

        campaign = run_campaign(
            made, setting, runs, policies, conditions, on_run, unchunked, inputs
        )
    validated = _validated(made, campaign, bound, allow_not_finite)
    for path in outputs:
        _write(path, f"{plan.name} on {setting.models.name}", validated, campaign, force)
        note(f"written to {path}")
    if json:
        print_json(validation_json(validated))
    else:
        from devsim.report.console import stdout
        from devsim.report.validation_view import show_validation

        show_validation(validated, stdout())
    if not validated.figures.passed:
        raise typer.Exit(1)


def _validated(
    plan: Plan, campaign: "Campaign", max_error: float | None, allow_not_finite: bool
) -> Validated:
    policy = policy_of(plan)
    runs = [run.trace for run in campaign.runs]
    others = {
        baseline.plan.policy: [run.trace for run in baseline.runs]
        for baseline in campaign.baselines
    }
    predicted = simulate(plan.pipeline, policy, plan.budget_bytes)
    expected_bytes = expected_peak_bytes(plan.pipeline, predicted, SAMPLE_EVERY_NS)
    return Validated(
        figures=compare(
            predicted,
            runs,
            peak_bytes=expected_bytes,
            outputs_match=campaign.outputs.match,
            outputs_finite=allow_not_finite or not campaign.outputs.not_finite,
            max_error=max_error,
        ),
        explanation=explain(plan.pipeline, policy, plan.budget_bytes, runs),
        speed_ups=speed_ups(runs, others),
        equal=campaign.outputs.equal,
        psnr_db=campaign.outputs.psnr_db,
        environment=runs[-1].environment,
        not_finite=campaign.outputs.not_finite,
    )


def _write(path: Path, title: str, validated: Validated, campaign: "Campaign", force: bool) -> None:
    if _is_trace(path):
        write_trace(campaign.runs[-1].trace, path, force=force)
    elif path.suffix == ".html":
        from devsim.report.validation_html import validation_html

        write_atomically(path, validation_html(title, validated).encode(), force=force)
    else:
        text = json_format.dumps(validation_json(validated), indent=1)
        write_atomically(path, text.encode(), force=force)


@contextmanager
def _keeping_the_trace(outputs: Sequence[Path], force: bool) -> Iterator[list["Recording"]]:
    """Whatever ends the runs early, the trace of the last one is written up to its end."""
    recordings: list[Recording] = []
    whole = False
    try:
        yield recordings
        whole = True
    finally:
        if not whole and recordings and recordings[-1].started:
            for path in filter(_is_trace, outputs):
                write_trace(recordings[-1].trace(ended="early"), path, force=force)
                note(f"the trace up to there is written to {path}")


def _is_trace(path: Path) -> bool:
    """Any JSON but a report."""
    return path.suffix != ".html" and not path.name.endswith("report.json")


def _require_format(path: Path) -> None:
    if not path.name.endswith((".json", ".json.gz", ".html")):
        raise BadInputError(
            f"{path}: no format has this ending",
            "end its name in report.html, report.json, or .json or .json.gz for a trace",
        )
