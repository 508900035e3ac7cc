"""``devsim plan``."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from devsim.core.errors import BadInputError
from devsim.core.files import refuse_overwrite
from devsim.core.plan import Plan
from devsim.core.profile import Profile
from devsim.core.scaling import profile_at
from devsim.core.shipped import profile_path, read_device
from devsim.core.units import NS_PER_S, parse_bytes
from devsim.core.video import Latent as LatentSize
from devsim.planner.ask import Ask
from devsim.planner.planner import plan_for
from devsim.planner.score import Objective
from devsim.simulate.workload import phases_of

if TYPE_CHECKING:
    from devsim.planner.sensitivity import Sensitivity

_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)m)?\s*(?:(\d+(?:\.\d+)?)s)?")
_PERCENTILE = re.compile(r"p([1-9]\d?)")


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
    objective: Annotated[
        Objective, typer.Option(help="What to be the best at.")
    ] = Objective.LATENCY,
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
    explain: Annotated[bool, typer.Option("--explain", help="Why the plan is so.")] = False,
    output: Output = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Choose chunks and residents that fit the budget; -o takes .json, .svg, .html or .png."""
    if output:
        refuse_overwrite(output, force=force)
    _refuse_at_odds(objective, makespan, robust, frontier, sensitivity)
    costs, budget_bytes, loaders = _found(device, workload, profile, budget)
    size = video_options(resolution, aspect_ratio, frames, latent)
    if size:
        costs = profile_at(costs, size.get("video") or LatentSize(*size["shape"]))
    phases = phases_of(
        costs,
        parse_iterations(iterations or []),
        steps=steps,
        lpl_step=lpl_step,
        tdtm_steps=tdtm_steps,
    )
    ask = Ask(costs, budget_bytes, phases, loaders, objective, _parse_variants(variant or []))
    if frontier:
        _frontier(ask, output, force, json)
        return
    if output:
        _require_writable(output)
    made = _made(ask, makespan, robust)
    told = _sensitivity(ask) if sensitivity else None
    if output:
        _write(made, output, force)
    _tell(ask, made, told, explain, json)


def _made(ask: Ask, makespan: str | None, robust: str | None) -> Plan:
    if makespan:
        from devsim.planner.frontier import least_memory

        return least_memory(ask, _parse_duration(makespan))
    if robust:
        from devsim.planner.robust import robust_plan

        return robust_plan(ask, _parse_percentile(robust))
    return plan_for(ask)


def _sensitivity(ask: Ask) -> "list[Sensitivity]":
    from devsim.planner.sensitivity import sensitivity
    from devsim.planner.solver import solve

    return sensitivity(solve(ask))


def _tell(
    ask: Ask, made: Plan, told: "list[Sensitivity] | None", explain: bool, json: bool
) -> None:
    from devsim.planner.explain import explain as reasons_of
    from devsim.planner.variants import as_planned

    reasons = reasons_of(made, as_planned(ask, made).problem) if explain else []
    if json:
        from devsim.cli.plan_json import plan_as_json, sensitivity_as_json

        result = plan_as_json(made)
        if told is not None:
            result["sensitivity"] = sensitivity_as_json(told)
        if reasons:
            result["explanation"] = reasons
        print_json(result)
        return
    from devsim.report.console import stdout
    from devsim.report.plan_view import show_plan, show_reasons

    console = stdout()
    show_plan(made, console)
    show_reasons(reasons, console)
    if told is not None:
        from devsim.report.sensitivity_view import show_sensitivity

        show_sensitivity(told, made.prediction.makespan_ns, console)


def _frontier(ask: Ask, output: Path | None, force: bool, json: bool) -> None:
    from devsim.planner.frontier import frontier
    from devsim.report.picture.write import require_picture, write_picture

    if output:
        require_picture(output)
    points = frontier(ask)
    if output:
        from devsim.report.frontier_view import frontier_picture

        title = f"{ask.profile.workload} on {ask.profile.device}, {ask.profile.shape}"
        write_picture(frontier_picture(points, title), title, output, force=force)
        note(f"picture written to {output}")
    if json:
        from devsim.cli.plan_json import frontier_as_json

        print_json({"frontier": frontier_as_json(points)})
        return
    from devsim.report.console import stdout
    from devsim.report.frontier_view import show_frontier

    show_frontier(points, stdout())


def _require_writable(output: Path) -> None:
    """Find out before the work whether the output's kind can be written."""
    from devsim.report.picture.write import is_picture, require_picture

    if is_picture(output):
        require_picture(output)


def _write(made: Plan, output: Path, force: bool) -> None:
    from devsim.report.picture.write import is_picture, write_picture

    if is_picture(output):
        from devsim.report.plan_picture import plan_picture

        title = f"{made.pipeline.workload} on {made.device}"
        write_picture(plan_picture(made), title, output, force=force)
        note(f"picture written to {output}")
        return
    made.write(output, force=force)
    note(f"plan written to {output}")


def _refuse_at_odds(
    objective: Objective,
    makespan: str | None,
    robust: str | None,
    frontier: bool,
    sensitivity: bool,
) -> None:
    memory = objective is Objective.MEMORY
    if memory != (makespan is not None):
        raise BadInputError(
            "--objective memory and --makespan go together",
            "give both, for example --objective memory --makespan 13m",
        )
    named = {"--robust": robust, "--frontier": frontier, "--sensitivity": sensitivity}
    given = [name for name, value in named.items() if value]
    if objective is not Objective.LATENCY and given:
        raise BadInputError(f"{given[0]} is for --objective latency", "leave one of them out")
    if len(given) > 1 and "--frontier" in given:
        raise BadInputError(f"{given[0]} comes with {given[1]}", "leave one of them out")


def _found(
    device: str | None, workload: str, path: Path | None, budget: str | None
) -> tuple[Profile, int, int]:
    """The profile, the budget in bytes, and how many loads run at once."""
    if path is None and device is None:
        raise BadInputError(
            "nothing to plan for", "give --device NAME, or --profile FILE and --budget SIZE"
        )
    chosen = read_device(device) if device else None
    found = Profile.read(path or profile_path(workload, chosen.name if chosen else ""))
    if chosen and found.device != chosen.name:
        raise BadInputError(
            f"{path}: was made on {found.device}, not on {chosen.name}",
            f"leave --device out and give --budget, or give a device file of {found.device}",
        )
    if budget is not None:
        return found, parse_bytes(budget), chosen.loader_threads if chosen else 1
    if chosen is None:
        raise BadInputError("no memory budget given", "add --budget, for example --budget 3.3GB")
    return found, int(chosen.budget_bytes.value), chosen.loader_threads


def _parse_variants(texts: list[str]) -> dict[str, str]:
    chosen = {}
    for text in texts:
        stage, _, name = text.partition("=")
        if not stage or not name:
            raise BadInputError(f"'{text}' is not STAGE=NAME", "write for example t5=int8")
        chosen[stage] = name
    return chosen


def _parse_duration(text: str) -> int:
    """Read ``13m``, ``750s`` or ``12m30s`` in nanoseconds."""
    found = _DURATION.fullmatch(text.strip())
    took_s = 60 * float(found[1] or 0) + float(found[2] or 0) if found else 0.0
    if took_s <= 0:
        raise BadInputError(f"'{text}' is not a duration", "write for example 13m, 750s or 12m30s")
    return round(took_s * NS_PER_S)


def _parse_percentile(text: str) -> int:
    found = _PERCENTILE.fullmatch(text)
    if not found:
        raise BadInputError(f"'{text}' is not a percentile", "write p1 to p99, for example p90")
    return int(found[1])
