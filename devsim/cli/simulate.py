"""``devsim simulate``."""

from pathlib import Path
from typing import Annotated

import typer

from devsim.cli.options import (
    AspectRatio,
    Force,
    Frames,
    Json,
    Latent,
    Output,
    Resolution,
    parse_iterations,
    video_options,
)
from devsim.cli.output import note, print_json
from devsim.core.chrome import write_trace
from devsim.core.errors import BadInputError
from devsim.core.files import refuse_overwrite
from devsim.core.plan import Plan
from devsim.core.profile import Profile
from devsim.core.scaling import profile_at
from devsim.core.shipped import profile_path, read_device
from devsim.core.trace import Trace
from devsim.core.units import parse_bytes, seconds
from devsim.core.video import Latent as LatentSize
from devsim.simulate.draw import distribution
from devsim.simulate.evaluate import Evaluation
from devsim.simulate.predict import by_stage, summarise
from devsim.simulate.request import (
    Sampling,
    Simulation,
    simulation_of_plan,
    simulation_of_profile,
)
from devsim.simulate.workload import phases_of

_DEFAULT_POLICY = "on-device-sora"
_SHIPPED = "open-sora-v1.2"


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
    sampling: Annotated[Sampling, typer.Option(help="What a duration is.")] = Sampling.MEAN,
    seed: Annotated[int, typer.Option(min=0, help="Of what is drawn.")] = 0,
    runs: Annotated[int, typer.Option(min=1, help="Draw so many runs: percentiles.")] = 1,
    output: Output = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Run a plan, or a profile under a policy, in simulated time; -o writes a trace."""
    if output:
        refuse_overwrite(output, force=force)
    budget_bytes = parse_bytes(budget) if budget else None
    if plan:
        _refuse_beside_a_plan(
            workload=workload,
            device=device,
            policy=policy,
            steps=steps,
            lpl_step=lpl_step,
            resolution=resolution,
            aspect_ratio=aspect_ratio,
            frames=frames,
            latent=latent,
            iterations=iterations or None,
            tdtm_steps=tdtm_steps,
            ci=ci,
            dl=dl,
        )
        if profile and sampling is Sampling.MEAN:
            raise BadInputError(
                "--profile beside a plan, which has its means", "leave it out, or --sampling draw"
            )
        costs = Profile.read(profile) if profile else None
        simulation = simulation_of_plan(Plan.read(plan), costs, sampling, budget_bytes)
    else:
        _refuse_toggles_of_another(policy or _DEFAULT_POLICY, ci=ci, dl=dl)
        costs, budget_bytes, loaders = _found(workload, device, profile, budget_bytes)
        size = video_options(resolution, aspect_ratio, frames, latent)
        if size:
            costs = profile_at(costs, size.get("video") or LatentSize(*size["shape"]))
        phases = phases_of(
            costs,
            parse_iterations(iterations or []),
            steps=steps,
            lpl_step=lpl_step,
            tdtm_steps=tdtm_steps or 0,
        )
        simulation = simulation_of_profile(
            costs,
            phases,
            policy or _DEFAULT_POLICY,
            budget_bytes,
            loaders=loaders,
            concurrent=ci is not False,
            dynamic=dl is not False,
            sampling=sampling,
        )
    _tell(simulation, seed, runs, output, force, json)


def _tell(
    simulation: Simulation, seed: int, count: int, output: Path | None, force: bool, json: bool
) -> None:
    trace = simulation.run(seed)
    drawn = simulation.runs(count, seed) if count > 1 else []
    if output:
        write_trace(trace, output, force=force)
        note(f"trace written to {output}")
    if json:
        print_json(as_json(trace) | (_runs_as_json(drawn, seed) if drawn else {}))
        return
    from devsim.report.console import stdout
    from devsim.report.simulation_view import show_runs, show_stages
    from devsim.report.trace_view import show_trace

    show_trace(trace, stdout())
    show_stages(by_stage(trace), stdout())
    if drawn:
        show_runs(drawn, stdout())


def as_json(trace: Trace) -> dict[str, object]:
    """A simulated run in the units people script with."""
    prediction = summarise(trace)
    return {
        "workload": trace.workload,
        "policy": trace.policy,
        "makespan_s": seconds(prediction.makespan_ns),
        "peak_bytes": prediction.peak_bytes,
        "budget_bytes": trace.budget_bytes,
        "load_busy_s": seconds(prediction.load_busy_ns),
        "compute_busy_s": seconds(prediction.compute_busy_ns),
        "stalls": {cause: seconds(ns) for cause, ns in prediction.stalls_ns.items()},
        "stages": {
            name: {
                "seconds": seconds(totals.duration_ns),
                "iterations": totals.iterations,
                "load_s": seconds(totals.load_ns),
                "compute_s": seconds(totals.compute_ns),
                "stall_s": seconds(totals.stall_ns),
            }
            for name, totals in by_stage(trace).items()
        },
    }


def _runs_as_json(drawn: list[Evaluation], seed: int) -> dict[str, object]:
    makespans = distribution([run.makespan_ns for run in drawn])
    peaks = distribution([run.peak_bytes for run in drawn])
    return {
        "runs": {
            "count": len(drawn),
            "first_seed": seed,
            "makespan_s": {name: seconds(ns) for name, ns in makespans._asdict().items()},
            "peak_bytes": peaks._asdict(),
        }
    }


def _refuse_beside_a_plan(**given: object) -> None:
    for name, value in given.items():
        if value is not None:
            raise BadInputError(
                f"{_as_typed(name, value)} beside a plan, which says it already",
                "leave it out, or give a profile instead of the plan",
            )


def _refuse_toggles_of_another(policy: str, **toggles: bool | None) -> None:
    for name, value in toggles.items():
        if value is not None and policy != "on-device-sora":
            raise BadInputError(
                f"{_as_typed(name, value)} is of on-device-sora, the policy is {policy}",
                "leave one of them out",
            )


def _as_typed(name: str, value: object) -> str:
    no = "no-" if value is False else ""
    return f"--{no}{name.replace('_', '-')}"


def _found(
    workload: str | None, device: str | None, profile: Path | None, budget_bytes: int | None
) -> tuple[Profile, int, int]:
    """The profile, the budget in bytes, and how many loads the device runs at once."""
    if profile is None and device is None:
        raise BadInputError(
            "nothing to simulate",
            "give a PLAN, or --device NAME, or --profile FILE and --budget SIZE",
        )
    chosen = read_device(device) if device else None
    name = chosen.name if chosen else ""
    found = Profile.read(profile or profile_path(workload or _SHIPPED, name))
    if chosen is None:
        if budget_bytes is None:
            raise BadInputError(
                "no memory budget given", "add --budget, for example --budget 3.3GB"
            )
        return found, budget_bytes, 1
    if found.device != chosen.name:
        raise BadInputError(
            f"{profile}: was made on {found.device}, not on {chosen.name}",
            "leave --device out and give --budget",
        )
    if budget_bytes is None:
        budget_bytes = int(chosen.budget_bytes.value)
    return found, budget_bytes, chosen.loader_threads
