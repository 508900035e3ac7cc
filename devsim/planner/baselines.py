"""What people do by hand: every named policy on the same profile and budget."""

from collections.abc import Iterable
from typing import NamedTuple

from devsim.core.errors import InfeasibleBudgetError
from devsim.core.pipeline import Pipeline
from devsim.core.plan import Figures, Residency
from devsim.core.profile import Profile
from devsim.planner.shape import Shape, shape_of
from devsim.planner.source import Problem
from devsim.policy.named import baseline
from devsim.policy.planned import Planned
from devsim.policy.protocol import Policy
from devsim.policy.serial import Serial
from devsim.simulate.cut import cut_for
from devsim.simulate.evaluate import evaluate

COMPARED = (
    "serial",
    "on-device-sora",
    "prefix",
    "strided",
    "group-2",
    "group-4",
    "bisect",
    "all-resident",
)


class Compared(NamedTuple):
    """A named policy on its cut; no figures when it cannot keep the budget."""

    policy: str
    budget_bytes: int
    pipeline: Pipeline
    residency: tuple[Residency, ...]
    figures: Figures | None
    shapes: tuple[Shape, ...] | None
    """The same as a plan could have it; None where only the policy itself can say it."""


def compared(profile: Profile, problem: Problem) -> list[Compared]:
    """Every named policy, in a fixed order."""
    return [compared_with(name, profile, problem) for name in COMPARED]


def by_hand(others: Iterable[Compared]) -> list[tuple[Shape, ...]]:
    """Shapes of the named policies that keep the budget."""
    return [other.shapes for other in others if other.shapes and other.figures]


def compared_with(name: str, profile: Profile, problem: Problem) -> Compared:
    """One named policy."""
    by_name = {stage.name: tuple(cut_for(name, stage)) for stage in profile.stages}
    cuts = [by_name[source.name] for source in problem.stages]
    pipeline = problem.pipeline(
        [source.stage(cut) for source, cut in zip(problem.stages, cuts, strict=True)]
    )
    policy = baseline(name, pipeline, problem.budget_bytes)
    residency = residency_of(policy, pipeline)
    expressible = isinstance(policy, Planned | Serial)
    return Compared(
        name,
        problem.budget_bytes,
        pipeline,
        residency,
        figures_of(pipeline, policy, problem.budget_bytes),
        tuple(
            shape_of(cut, each.resident)._replace(window=each.window)
            for cut, each in zip(cuts, residency, strict=True)
        )
        if expressible
        else None,
    )


def figures_of(pipeline: Pipeline, policy: Policy, budget_bytes: int) -> Figures | None:
    """What a policy comes to, or None when it cannot keep the budget."""
    try:
        outcome = evaluate(pipeline, policy, budget_bytes)
    except InfeasibleBudgetError:
        return None
    return Figures(
        makespan_ns=outcome.makespan_ns,
        peak_bytes=outcome.peak_bytes,
        stall_ns=outcome.stall_ns,
        read_bytes=read_bytes_of(pipeline, policy),
    )


def read_bytes_of(pipeline: Pipeline, policy: Policy) -> int:
    """Weights of every load of a run."""
    total = 0
    for number, stage in enumerate(pipeline.stages):
        weights = [chunk.cost.weight_bytes for chunk in stage.chunks]
        total += sum(weights)
        for iteration in range(stage.iterations - 1):
            rules = policy.rules(number, iteration, len(weights))
            total += sum(size for size, rule in zip(weights, rules, strict=True) if not rule.keep)
    return total


def residency_of(policy: Policy, pipeline: Pipeline) -> tuple[Residency, ...]:
    """What a policy keeps and loads ahead in a stage's first iteration."""
    return tuple(
        _residency(policy, number, len(stage.chunks), stage.iterations)
        for number, stage in enumerate(pipeline.stages)
    )


def _residency(policy: Policy, stage: int, chunks: int, iterations: int) -> Residency:
    rules = policy.rules(stage, 0, chunks)
    kept = tuple(n for n, rule in enumerate(rules) if rule.keep) if iterations > 1 else ()
    return Residency(resident=kept, window=min(chunks, max(rule.window for rule in rules)))
