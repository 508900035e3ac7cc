"""``devsim plan``."""

from pathlib import Path
from typing import Annotated

import typer

import devsim
from devsim.api import FrontierResult, PlanResult
from devsim.api.plans import require_writable
from devsim.cli.options import (
    AspectRatio,
    Force,
    Frames,
    Json,
    Latent,
    Output,
    Resolution,
    parse_choices,
    parse_iterations,
    video_size,
)
from devsim.cli.output import note, print_json
from devsim.core.errors import BadInputError
from devsim.planner.cost import Objective


def command(
    device: Annotated[
        str | None, typer.Option(help="A device by name, or a .toml file.", show_default=False)
    ] = None,
    workload: Annotated[str, typer.Option(help="Whose shipped profile to use.")] = "open-sora-v1.2",
    profile: Annotated[
        Path | None, typer.Option(help="A profile file instead.", show_default=False)
    ] = None,
    budget: Annotated[
        str | None, typer.Option(help="Such as 3.3GB; else the device's.", show_default=False)
    ] = None,
    resolution: Resolution = None,
    aspect_ratio: AspectRatio = None,
    frames: Frames = None,
    latent: Latent = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Denoising steps.", show_default=False)
    ] = None,
    iterations: Annotated[
        list[str] | None, typer.Option(help="STAGE=N; may be repeated.", show_default=False)
    ] = None,
    lpl_step: Annotated[
        int | None,
        typer.Option(min=0, help="Leap at this step, counted from 0.", show_default=False),
    ] = None,
    tdtm_steps: Annotated[
        int, typer.Option(min=0, help="First steps that merge tokens.", show_default=False)
    ] = 0,
    variant: Annotated[
        list[str] | None,
        typer.Option(help="STAGE=NAME; else the fastest. May be repeated.", show_default=False),
    ] = None,
    objective: Annotated[Objective, typer.Option(help="What to minimise.")] = Objective.LATENCY,
    makespan: Annotated[
        str | None,
        typer.Option(help="For --objective memory: 13m, 750s.", show_default=False),
    ] = None,
    robust: Annotated[
        str | None,
        typer.Option(help="Plan for a percentile of drawn runs: p90.", show_default=False),
    ] = None,
    frontier: Annotated[
        bool, typer.Option("--frontier", help="Budget against makespan instead of one plan.")
    ] = False,
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="What the plan depends on.")
    ] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Explain the plan in words.")] = False,
    output: Output = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Choose chunks and residents that fit the budget; -o takes .json, .svg, .html or .png."""
    video = video_size(resolution, aspect_ratio, frames, latent)
    if output:
        require_writable(output, picture=frontier, force=force)
    if frontier:
        _refuse_beside_frontier(
            objective=None if objective is Objective.LATENCY else objective,
            makespan=makespan,
            robust=robust,
            sensitivity=sensitivity,
            explain=explain,
        )
        found = devsim.frontier(
            profile,
            device=device,
            workload=workload,
            budget=budget,
            video=video,
            steps=steps,
            iterations=parse_iterations(iterations or []),
            lpl_step=lpl_step,
            tdtm_steps=tdtm_steps,
            variants=parse_choices(variant or []),
        )
        _tell_frontier(found, output, force, json)
        return
    made = devsim.plan(
        profile,
        device=device,
        workload=workload,
        budget=budget,
        video=video,
        steps=steps,
        iterations=parse_iterations(iterations or []),
        lpl_step=lpl_step,
        tdtm_steps=tdtm_steps,
        variants=parse_choices(variant or []),
        objective=objective,
        makespan=makespan,
        robust=robust,
        sensitivity=sensitivity,
        explain=explain,
    )
    _tell(made, output, force, json)


def _refuse_beside_frontier(**given: object) -> None:
    for name, value in given.items():
        if value:
            raise BadInputError(f"--frontier comes with --{name}", "leave one of them out")


def _tell(made: PlanResult, output: Path | None, force: bool, json: bool) -> None:
    if output:
        made.write(output, force=force)
        note(f"written to {output}")
    if json:
        print_json(made.to_dict())
        return
    from devsim.report.console import stdout
    from devsim.report.plan_view import show_plan, show_reasons

    console = stdout()
    show_plan(made.plan, console)
    show_reasons(list(made.explanation), console)
    if made.sensitivity is not None:
        from devsim.report.sensitivity_view import show_sensitivity

        makespan_ns = made.plan.prediction.makespan_ns
        show_sensitivity(list(made.sensitivity), makespan_ns, console)


def _tell_frontier(found: FrontierResult, output: Path | None, force: bool, json: bool) -> None:
    if output:
        found.write(output, force=force)
        note(f"picture written to {output}")
    if json:
        print_json(found.to_dict())
        return
    from devsim.report.console import stdout
    from devsim.report.frontier_view import show_frontier

    show_frontier(list(found.points), stdout())
