"""What people do by hand: every named policy on the same profile and budget."""

from bisect import bisect_left

from devsim.core.errors import InfeasibleBudgetError
from devsim.core.pipeline import Pipeline
from devsim.core.plan import Figures, Residency
from devsim.core.profile import Profile
from devsim.planner.shape import Shape, shape_of
from devsim.planner.source import Problem
from devsim.policy.named import baseline
from devsim.policy.planned import Planned
from devsim.policy.protocol import Policy, Rule
from devsim.policy.serial import Serial
from devsim.policy.strided import any_prefix, any_strided
from devsim.simulation.cut import cut_for
from devsim.simulation.evaluate import evaluate

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

_MOST_KEPT = {"prefix": any_prefix, "strided": any_strided}
_BY_BUDGET = {"on-device-sora"}
"""Others that keep less with less memory; all else are the same under any budget."""


class Hand:
    """One named policy on its cut, under any budget.

    Args:
        name: of the policy.
        profile: says how the policy cuts its stages.
        problem: the stages; its budget is not looked at.
    """

    def __init__(self, name: str, profile: Profile, problem: Problem) -> None:
        cuts = {stage.name: tuple(cut_for(name, stage)) for stage in profile.stages}
        self.name = name
        self._cuts = [cuts[source.name] for source in problem.stages]
        self.pipeline = problem.pipeline(
            [source.stage(cut) for source, cut in zip(problem.stages, self._cuts, strict=True)]
        )
        self._kept = _MOST_KEPT[name](self.pipeline) if name in _MOST_KEPT else None

    def under(self, budget_bytes: int) -> Policy:
        """The policy under a budget."""
        if self._kept:
            return self._kept.under(budget_bytes)
        return baseline(self.name, self.pipeline, budget_bytes)

    def same_from_bytes(self, least: int, most: int) -> int:
        """The least budget, but no less than ``least``, under which it is what it is under most."""
        if self._kept:
            return max(least, self._kept.same_from_bytes(most))
        if self.name not in _BY_BUDGET:
            return least
        rules = _rules(self.under(most), self.pipeline)
        return least + bisect_left(
            range(least, most),
            True,
            key=lambda budget: _rules(self.under(budget), self.pipeline) == rules,
        )

    @property
    def only_fewer(self) -> bool:
        """Whether what it keeps with less memory is among what it keeps with more."""
        return self.name != "strided"

    def shapes(self, policy: Policy) -> tuple[Shape, ...] | None:
        """The same as a plan could have it; None where only the policy itself can say it."""
        if not isinstance(policy, Planned | Serial):
            return None
        return tuple(
            shape_of(cut, each.resident)._replace(window=each.window)
            for cut, each in zip(self._cuts, residency_of(policy, self.pipeline), strict=True)
        )

    def figures(self, budget_bytes: int) -> Figures | None:
        """What it comes to, or None when it cannot keep the budget."""
        policy = self.under(budget_bytes)
        try:
            outcome = evaluate(self.pipeline, policy, budget_bytes)
        except InfeasibleBudgetError:
            return None
        return Figures(
            makespan_ns=outcome.makespan_ns,
            peak_bytes=outcome.peak_bytes,
            stall_ns=outcome.stall_ns,
            read_bytes=read_bytes_of(self.pipeline, policy),
        )


def hands(profile: Profile, problem: Problem) -> list[Hand]:
    """Every named policy, in a fixed order."""
    return [Hand(name, profile, problem) for name in COMPARED]


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


def _rules(policy: Policy, pipeline: Pipeline) -> list[tuple[Rule, ...]]:
    """In each stage's first and last iteration."""
    return [
        policy.rules(number, iteration, len(stage.chunks))
        for number, stage in enumerate(pipeline.stages)
        for iteration in {0, stage.iterations - 1}
    ]
