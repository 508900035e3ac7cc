"""Why a plan is as it is, in plain words with the figures that decide it."""

from devsim.core.pipeline import Stage
from devsim.core.plan import Plan, Residency
from devsim.core.units import format_bytes, format_ns
from devsim.planner.source import Problem, StageSource


def explain(plan: Plan, problem: Problem) -> list[str]:
    """One paragraph a stage, then what the makespan is limited by and what others do.

    Args:
        plan: made of the problem.
        problem: gives what blocks cost alone.
    """
    paragraphs = [
        _stage(source, stage, residency, problem)
        for source, stage, residency in zip(
            problem.stages, plan.pipeline.stages, plan.residency, strict=True
        )
    ]
    return [*paragraphs, _limit(plan), _others(plan)]


def _stage(source: StageSource, stage: Stage, residency: Residency, problem: Problem) -> str:
    blocks = [cost.cached_load_ns for cost in source.costs]
    compute_ns = sum(chunk.cost.compute_ns for chunk in stage.chunks)
    load_ns = sum(blocks)
    name = f"{stage.name}: an iteration computes {format_ns(compute_ns)}"
    if stage.iterations == 1:
        cold_ns = sum(cost.cold_load_ns for cost in source.costs)
        name += f" and loads {format_ns(cold_ns)}, once, so nothing is worth keeping."
        return f"{name} {_cut(source, stage)}"
    bound = "loads" if load_ns > compute_ns else "computes"
    name += f" and would load {format_ns(load_ns)} block by block, so its {bound} set the pace."
    return f"{name} {_cut(source, stage)} {_kept(stage, residency, problem)}"


def _cut(source: StageSource, stage: Stage) -> str:
    blocks, chunks = len(source.blocks), len(stage.chunks)
    if chunks == blocks:
        return "Every block is a chunk of its own: small chunks leave most memory to others."
    alone = sum(cost.cached_load_ns for cost in source.costs)
    joined = sum(chunk.cost.cached_load_ns for chunk in stage.chunks)
    computes = sum(cost.compute_ns for cost in source.costs)
    dispatched = sum(chunk.cost.compute_ns for chunk in stage.chunks)
    saved = [
        f"{format_ns(less)} of {what} an iteration"
        for less, what in ((alone - joined, "fixed load cost"), (computes - dispatched, "dispatch"))
        if less > 0
    ]
    largest = max(chunk.cost.resident_bytes for chunk in stage.chunks)
    reason = f", which saves {' and '.join(saved)}" if saved else ""
    return (
        f"Its {blocks} blocks are joined into {chunks} {'chunk' if chunks == 1 else 'chunks'} of "
        f"at most {format_bytes(largest)}{reason}."
    )


def _kept(stage: Stage, residency: Residency, problem: Problem) -> str:
    costs = [chunk.cost for chunk in stage.chunks]
    kept = set(residency.resident)
    if len(kept) == len(costs):
        return "Everything stays loaded: it fits."
    streamed_ns = sum(cost.cached_load_ns for n, cost in enumerate(costs) if n not in kept)
    compute_ns = sum(cost.compute_ns for cost in costs)
    if not kept:
        hidden = "hide behind the computes" if streamed_ns <= compute_ns else "take all memory"
        return f"Nothing stays resident: the loads of {format_ns(streamed_ns)} {hidden}."
    held = sum(costs[n].resident_bytes for n in kept)
    spared_ns = sum(costs[n].cached_load_ns for n in kept)
    gaps = _longest_run(len(costs), kept)
    return (
        f"{len(kept)} chunks of {format_bytes(held)} stay resident and spare "
        f"{format_ns(spared_ns)} of loads an iteration; {format_ns(streamed_ns)} are left. "
        f"At most {gaps} chunks in a row are streamed, through the "
        f"{format_bytes(max(0, problem.room_bytes - held))} that remain, so the loader works "
        "while residents compute."
    )


def _longest_run(count: int, kept: set[int]) -> int:
    longest = run = 0
    for number in range(count):
        run = 0 if number in kept else run + 1
        longest = max(longest, run)
    return longest


def _limit(plan: Plan) -> str:
    stalls = plan.prediction.stalls_ns
    if not stalls:
        return "The compute lane never waits: no plan is faster."
    worst = max(stalls, key=lambda cause: stalls[cause])
    words = {
        "prologue": "before the first compute, for its load",
        "load": "for loads on the way",
        "memory": "because memory has no room for the next load",
        "policy": "because the next chunk is still in use or held back",
        "overhead": "between activities",
    }
    return (
        f"Of {format_ns(plan.prediction.makespan_ns)}, the compute lane works "
        f"{format_ns(plan.prediction.compute_busy_ns)}; it waits {format_ns(stalls[worst])} "
        f"{words[worst]}. No plan can beat {format_ns(plan.lower_bound_ns)}, so at most "
        f"{plan.gap:.1%} are left to gain."
    )


def _others(plan: Plan) -> str:
    fitting = [each for each in plan.baselines if each.figures]
    if not fitting:
        return "No named policy keeps this budget."
    best = min(fitting, key=lambda each: each.figures.makespan_ns if each.figures else 0)
    slower_ns = (best.figures.makespan_ns if best.figures else 0) - plan.prediction.makespan_ns
    if slower_ns <= 0:
        return f"Policy {best.policy} is as fast."
    return f"The best named policy, {best.policy}, takes {format_ns(slower_ns)} longer."
