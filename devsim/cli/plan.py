"""``devsim plan``."""

from pathlib import Path
from typing import Annotated

import typer

from devsim.cli.options import Force, Json, Output, parse_iterations
from devsim.cli.output import note, print_json
from devsim.core.device import Device
from devsim.core.errors import BadInputError
from devsim.core.files import refuse_overwrite
from devsim.core.plan import Plan
from devsim.core.profile import Profile
from devsim.core.shipped import profile_path, read_device
from devsim.core.units import parse_bytes, seconds
from devsim.planner.planner import plan


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
    iterations: Annotated[
        list[str] | None, typer.Option(help="STAGE=N; may be repeated.", show_default=False)
    ] = None,
    output: Output = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Choose chunk sizes and residents that fit the memory budget and run fastest."""
    if output:
        refuse_overwrite(output, force=force)
    chosen = read_device(device) if device else None
    costs = _profile(profile, workload, chosen)
    budget_bytes = _budget_bytes(budget, chosen)
    made = plan(costs, budget_bytes, parse_iterations(iterations or []))
    if output:
        made.write(output, force=force)
        note(f"plan written to {output}")
    if json:
        print_json(as_json(made))
        return
    from devsim.report.console import stdout
    from devsim.report.plan_view import show_plan

    show_plan(made, stdout())


def as_json(made: Plan) -> dict[str, object]:
    """The plan in the units people script with."""
    prediction = made.prediction
    return {
        "workload": made.pipeline.workload,
        "device": made.device,
        "policy": made.policy,
        "makespan_s": seconds(prediction.makespan_ns),
        "peak_bytes": prediction.peak_bytes,
        "budget_bytes": made.budget_bytes,
        "lower_bound_s": seconds(made.lower_bound_ns),
        "gap": made.gap,
        "stalls": {cause: seconds(ns) for cause, ns in prediction.stalls_ns.items()},
        "stages": {
            stage.name: {
                "variant": stage.variant,
                "iterations": stage.iterations,
                "chunks": [list(chunk.blocks) for chunk in stage.chunks],
                "resident": list(residency.resident),
                "window": residency.window,
            }
            for stage, residency in zip(made.pipeline.stages, made.residency, strict=True)
        },
        "baselines": {
            baseline.policy: baseline.figures
            and {
                "makespan_s": seconds(baseline.figures.makespan_ns),
                "peak_bytes": baseline.figures.peak_bytes,
                "stall_s": seconds(baseline.figures.stall_ns),
                "read_bytes": baseline.figures.read_bytes,
            }
            for baseline in made.baselines
        },
    }


def _profile(path: Path | None, workload: str, device: Device | None) -> Profile:
    if path is None and device is None:
        raise BadInputError(
            "nothing to plan for", "give --device NAME, or --profile FILE and --budget SIZE"
        )
    found = Profile.read(path or profile_path(workload, device.name if device else ""))
    if device and found.device != device.name:
        raise BadInputError(
            f"{path}: was made on {found.device}, not on {device.name}",
            "leave --device out and give --budget",
        )
    return found


def _budget_bytes(text: str | None, device: Device | None) -> int:
    if text is not None:
        return parse_bytes(text)
    if device is None:
        raise BadInputError("no memory budget given", "add --budget, for example --budget 3.3GB")
    return int(device.budget_bytes.value)
