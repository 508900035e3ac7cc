"""Two plans of the same blocks: what they decide, and what that is predicted to cost."""

from collections import Counter
from collections.abc import Mapping

from devsim.analysis.comparison.change import Change, Unit, single
from devsim.analysis.comparison.comparison import Choice, Comparison, settings_of
from devsim.analysis.comparison.run import run_figures
from devsim.analysis.comparison.same import require_same_blocks, require_same_workload
from devsim.core.pipeline import Stage
from devsim.core.plan import Plan, Residency


def compare_plans(before: Plan, after: Plan) -> Comparison:
    """Cuts, residents, windows and variants of each stage, and both predictions.

    Raises:
        BadInputError: they are of other workloads or blocks.
    """
    require_same_workload(before.pipeline.workload, after.pipeline.workload)
    require_same_blocks(_blocks(before), _blocks(after))
    return Comparison(
        kind="plan",
        workload=before.pipeline.workload,
        settings=settings_of(_settings(before), _settings(after)),
        choices=tuple(_choices(before, after)),
        totals=(*run_figures(before.prediction, after.prediction), *_read(before, after)),
        parts=(),
    )


def _blocks(plan: Plan) -> dict[str, list[str]]:
    return {
        stage.name: [block for chunk in stage.chunks for block in chunk.blocks]
        for stage in plan.pipeline.stages
    }


def _settings(plan: Plan) -> dict[str, str]:
    iterations: Counter[str] = Counter()
    for stage in plan.pipeline.stages:
        iterations[stage.name] += stage.iterations
    return {
        "device": plan.device,
        "shape": plan.shape,
        "profile": plan.profile_digest,
        "policy": plan.policy,
        "objective": plan.objective,
        "budget": f"{plan.asked_bytes:,} B",
        **{f"iterations of {stage}": str(count) for stage, count in iterations.items()},
        **plan.environment,
    }


_Chosen = dict[tuple[str, str], tuple[str, ...]]


def _choices(before: Plan, after: Plan) -> list[Choice]:
    old, new = _chosen(before), _chosen(after)
    return [
        Choice(stage, name, old.get((stage, name), ()), new.get((stage, name), ()))
        for stage, name in dict.fromkeys((*old, *new))
    ]


def _chosen(plan: Plan) -> _Chosen:
    return {
        (_phase(stage), name): chosen
        for stage, residency in zip(plan.pipeline.stages, plan.residency, strict=True)
        for name, chosen in _of_stage(stage, residency).items()
    }


def _phase(stage: Stage) -> str:
    first = stage.first_iteration
    return f"{stage.name} from iteration {first}" if first else stage.name


def _of_stage(stage: Stage, residency: Residency) -> Mapping[str, tuple[str, ...]]:
    others = [chunk for chunk in stage.chunks if chunk.variant not in ("", stage.variant)]
    return {
        "variant": (stage.variant, *(f"{chunk.name} {chunk.variant}" for chunk in others)),
        "chunks": tuple(chunk.name for chunk in stage.chunks),
        "residents": tuple(stage.chunks[number].name for number in residency.resident),
        "window": (str(residency.window),),
    }


def _read(before: Plan, after: Plan) -> list[Change]:
    """The first plans did not say what they read."""
    if not before.read_bytes or not after.read_bytes:
        return []
    return [single("bytes read", before.read_bytes, after.read_bytes, Unit.BYTES)]
