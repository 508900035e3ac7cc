"""The fast evaluator: what ``simulate`` says of a schedule, in a fraction of its time.

It gives the same makespan and peak to the nanosecond and the byte. Iterations that repeat the one
before exactly are not run: their time is added in one multiplication.
"""

from dataclasses import replace
from typing import NamedTuple

from devsim.core.pipeline import Pipeline
from devsim.policy.feasible import require_room
from devsim.policy.protocol import UNLIMITED, Policy
from devsim.policy.timetable import Costs, costs_of, decisions_of
from devsim.simulate.durations import Durations
from devsim.simulate.quick import Outcome, run
from devsim.simulate.several import run_with_several_loaders
from devsim.simulate.speeds import Speeds

_TRIED = 4
"""Iterations of a stage that are run at first: the cold one, one that may be like the one after it,
and the last. Two are the least with which a further one is known to be a repetition."""


class Evaluation(NamedTuple):
    """What a schedule comes to."""

    makespan_ns: int
    peak_bytes: int
    stall_ns: int
    """How long the compute lane is idle before the last compute ends."""


class Evaluator:
    """Evaluates schedules of one cut; make it once and ask it often.

    Args:
        pipeline: cut into chunks, with what each costs.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._iterations = tuple(stage.iterations for stage in pipeline.stages)
        self._speeds = Speeds.of(pipeline)
        self._base_bytes = pipeline.base_bytes
        self._costs: dict[tuple[int, ...], Costs] = {}

    def evaluate(
        self, policy: Policy, budget_bytes: int, durations: Durations | None = None
    ) -> Evaluation:
        """The makespan, peak and stall of a run.

        Args:
            policy: says what to load, compute and unload next.
            budget_bytes: what may be held.
            durations: of every activity, where they are not the pipeline's own.

        Raises:
            InfeasibleBudgetError: the policy cannot keep the budget.
        """
        if durations or self._pipeline.loaders > 1:
            outcome = self._run(policy, budget_bytes, self._iterations, durations)
            return Evaluation(*outcome[:3])
        reach = self._reach(policy)
        tried = tuple(
            min(count, _TRIED) if self._repeats(policy, stage, reach) else count
            for stage, count in enumerate(self._iterations)
        )
        while True:
            outcome = self._run(policy, budget_bytes, tried, None)
            left = [
                (stage, full - count)
                for stage, (full, count) in enumerate(zip(self._iterations, tried, strict=True))
                if full > count
            ]
            if all(stage in outcome.steady for stage, _ in left):
                return Evaluation(
                    outcome.makespan_ns + sum(n * outcome.steady[s][0] for s, n in left),
                    outcome.peak_bytes,
                    outcome.stall_ns + sum(n * outcome.steady[s][1] for s, n in left),
                )
            tried = tuple(
                count if stage in outcome.steady else min(2 * count, full)
                for stage, (full, count) in enumerate(zip(self._iterations, tried, strict=True))
            )

    def _run(
        self,
        policy: Policy,
        budget_bytes: int,
        iterations: tuple[int, ...],
        durations: Durations | None,
    ) -> Outcome:
        costs = self._costs_of(iterations)
        if durations:
            costs = replace(costs, **durations._asdict())
        decisions = decisions_of(self._pipeline, policy, iterations)
        require_room(self._pipeline, policy.name, budget_bytes, costs, decisions)
        if self._pipeline.loaders > 1:
            return run_with_several_loaders(
                costs, decisions, self._pipeline, budget_bytes, self._speeds
            )
        return run(costs, decisions, iterations, self._base_bytes, budget_bytes, self._speeds)

    def _costs_of(self, iterations: tuple[int, ...]) -> Costs:
        if iterations not in self._costs:
            self._costs[iterations] = costs_of(self._pipeline, iterations)
        return self._costs[iterations]

    def _reach(self, policy: Policy) -> int:
        """The most computes before its own at which a distance lets a later stage's load start."""
        distances = [
            rule.distance
            for stage, each in enumerate(self._pipeline.stages)
            if stage > 0
            for rule in policy.rules(stage, 0, len(each.chunks))
        ]
        return max((each for each in distances if each < UNLIMITED), default=0)

    def _repeats(self, policy: Policy, stage: int, reach: int) -> bool:
        """Whether a stage's second iteration and all later ones have the same rules and are alike.

        The first may have other rules, as long as it keeps the same chunks. The last two may be
        within a later load's reach; were others, they would depend on how many there are.
        """
        count, chunks = self._iterations[stage], len(self._pipeline.stages[stage].chunks)
        if count <= _TRIED or reach > 2 * chunks:
            return False
        first, rules = policy.rules(stage, 0, chunks), policy.rules(stage, 1, chunks)
        return all(a.keep == b.keep for a, b in zip(first, rules, strict=True)) and all(
            policy.rules(stage, later, chunks) == rules for later in range(2, count)
        )


def evaluate(pipeline: Pipeline, policy: Policy, budget_bytes: int) -> Evaluation:
    """The makespan, peak and stall of one run; ``Evaluator`` is faster for many of one cut.

    Raises:
        InfeasibleBudgetError: the policy cannot keep the budget.
    """
    return Evaluator(pipeline).evaluate(policy, budget_bytes)
