"""``devsim simulate``."""

from pathlib import Path
from typing import Annotated

import typer

import devsim
from devsim.cli.options import (
    AspectRatio,
    Force,
    Frames,
    Json,
    Latent,
    Output,
    Resolution,
    parse_iterations,
    video_size,
)
from devsim.cli.output import note, print_json
from devsim.core.files import refuse_overwrite
from devsim.simulation.predict import by_stage
from devsim.simulation.request import Sampling


def command(
    plan: Annotated[
        Path | None, typer.Argument(help="A plan; or give a profile.", show_default=False)
    ] = None,
    workload: Annotated[
        str | None, typer.Option(help="Whose shipped profile to use.", show_default=False)
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="A device by name, or a .toml file.", show_default=False)
    ] = None,
    profile: Annotated[
        Path | None,
        typer.Option(help="A profile file; with a plan, to draw from.", show_default=False),
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
    policy: Annotated[
        str | None,
        typer.Option(
            help="serial, on-device-sora, prefix, strided, group-N, bisect or all-resident.",
            show_default=False,
        ),
    ] = None,
    ci: Annotated[
        bool | None,
        typer.Option("--ci/--no-ci", help="on-device-sora: concurrent inference (on)."),
    ] = None,
    dl: Annotated[
        bool | None, typer.Option("--dl/--no-dl", help="on-device-sora: dynamic loading (on).")
    ] = None,
    lpl_step: Annotated[
        int | None,
        typer.Option(min=0, help="Leap at this step, counted from 0.", show_default=False),
    ] = None,
    tdtm_steps: Annotated[
        int | None, typer.Option(min=0, help="First steps that merge tokens.", show_default=False)
    ] = None,
    sampling: Annotated[
        Sampling, typer.Option(help="How to pick a duration from the samples.")
    ] = Sampling.MEAN,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    runs: Annotated[
        int, typer.Option(min=1, help="Number of random runs to summarise as percentiles.")
    ] = 1,
    output: Output = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Run a plan, or a profile under a policy, in simulated time; -o writes a trace."""
    if output:
        refuse_overwrite(output, force=force)
    result = devsim.simulate(
        plan,
        profile=profile,
        device=device,
        workload=workload,
        budget=budget,
        video=video_size(resolution, aspect_ratio, frames, latent),
        steps=steps,
        iterations=parse_iterations(iterations or []) or None,
        lpl_step=lpl_step,
        tdtm_steps=tdtm_steps,
        policy=policy,
        ci=ci,
        dl=dl,
        sampling=sampling,
        seed=seed,
        runs=runs,
    )
    if output:
        result.write(output, force=force)
        note(f"trace written to {output}")
    if json:
        print_json(result.to_dict())
        return
    from devsim.report.console import stdout
    from devsim.report.simulation_view import show_runs, show_stages
    from devsim.report.trace_view import show_trace

    show_trace(result.trace, stdout())
    show_stages(by_stage(result.trace), stdout())
    if result.runs:
        show_runs(result.runs, stdout())
