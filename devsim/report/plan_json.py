"""A plan and what is told beside it, in the units people script with."""

from devsim.core.plan import Figures, Plan, Robustness
from devsim.core.units import seconds
from devsim.planner.frontier import Point
from devsim.planner.sensitivity import Sensitivity


def plan_as_json(made: Plan) -> dict[str, object]:
    """The plan; a stage's phases are listed in order."""
    prediction = made.prediction
    result: dict[str, object] = {
        "workload": made.pipeline.workload,
        "device": made.device,
        "policy": made.policy,
        "objective": made.objective,
        "makespan_s": seconds(prediction.makespan_ns),
        "peak_bytes": prediction.peak_bytes,
        "budget_bytes": made.asked_bytes,
        "read_bytes": made.read_bytes,
        "lower_bound_s": seconds(made.lower_bound_ns),
        "gap": made.gap,
        "stalls": {cause: seconds(ns) for cause, ns in prediction.stalls_ns.items()},
        "stages": _stages(made),
        "baselines": {each.policy: _figures(each.figures) for each in made.baselines},
    }
    if made.offered_bytes:
        result["held_bytes"] = made.budget_bytes
    if made.robustness:
        result["robustness"] = _robustness(made.robustness)
    return result


def frontier_as_json(points: list[Point]) -> list[dict[str, object]]:
    """The Pareto set, budgets rising."""
    return [
        {
            "budget_bytes": point.budget_bytes,
            "makespan_s": seconds(point.makespan_ns),
            "lower_bound_s": seconds(point.lower_bound_ns),
        }
        for point in points
    ]


def sensitivity_as_json(found: list[Sensitivity]) -> dict[str, object]:
    """By figure; null where no plan fits, or where no other plan gets better."""

    def shown(makespan_ns: int | None) -> float | None:
        return None if makespan_ns is None else seconds(makespan_ns)

    return {
        each.knob: {
            "lower_makespan_s": shown(each.lower_ns),
            "higher_makespan_s": shown(each.higher_ns),
            "flips_below": each.flips_below,
            "flips_above": each.flips_above,
        }
        for each in found
    }


def _stages(made: Plan) -> dict[str, object]:
    stages: dict[str, object] = {}
    for stage, residency in zip(made.pipeline.stages, made.residency, strict=True):
        phases = sum(name.partition(":")[0] == stage.name for name in stages)
        key = f"{stage.name}:{phases + 1}" if phases else stage.name
        stages[key] = {
            "variant": stage.variant,
            "iterations": stage.iterations,
            "first_iteration": stage.first_iteration,
            "chunks": [list(chunk.blocks) for chunk in stage.chunks],
            "resident": list(residency.resident),
            "window": residency.window,
        }
    return stages


def _figures(figures: Figures | None) -> dict[str, object] | None:
    if figures is None:
        return None
    return {
        "makespan_s": seconds(figures.makespan_ns),
        "peak_bytes": figures.peak_bytes,
        "stall_s": seconds(figures.stall_ns),
        "read_bytes": figures.read_bytes,
    }


def _robustness(found: Robustness) -> dict[str, object]:
    return {
        "percentile": found.percentile,
        "makespan_s": seconds(found.makespan_ns),
        "median_s": seconds(found.median_ns),
        "runs": found.runs,
        "seed": found.seed,
    }
