"""The fast evaluator: what ``simulate`` says of a schedule, in a fraction of its time.

It gives the same makespan and peak to the nanosecond and the byte. Iterations that repeat the one
before exactly are not run: their time is added in one multiplication.
"""

from dataclasses import replace
from typing import NamedTuple

from devsim.core.pipeline import Pipeline
from devsim.policy.feasible import require_room
from devsim.policy.protocol import UNLIMITED, Policy
from devsim.policy.timetable import Costs, Rules, costs_of, decided_by
from devsim.simulation.durations import Durations
from devsim.simulation.quick import Quick, Step, steps_of
from devsim.simulation.several import run_with_several_loaders
from devsim.simulation.speeds import Speeds

_LAID_OUT = 4
"""Iterations of a stage that are laid out at first. Three may be run: the cold one, one after which
the next starts as it did, and the last; and the one before that, if the loader is far ahead."""


class Evaluation(NamedTuple):
    """What a schedule comes to."""

    makespan_ns: int
    peak_bytes: int
    stall_ns: int
    """How long the compute lane is idle before the last compute ends."""
    enough_bytes: int
    """Under every budget from this one to the run's own, the run is the same."""


class Evaluator:
    """Evaluates schedules of one cut; make it once and ask it often.

    Args:
        pipeline: cut into chunks, with what each costs.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._iterations = [stage.iterations for stage in pipeline.stages]
        self._chunks = [len(stage.chunks) for stage in pipeline.stages]
        self._speeds = Speeds.of(pipeline)
        self._loaders = pipeline.loaders
        self._base_bytes = pipeline.base_bytes
        self._costs: dict[tuple[int, ...], tuple[Costs, list[Step]]] = {}

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
        rules = [
            [policy.rules(stage, each, chunks) for each in range(self._iterations[stage])]
            for stage, chunks in enumerate(self._chunks)
        ]
        counts = self._iterations
        repeats = [False] * len(counts)
        if durations is None and self._loaders == 1:
            reach = _reach(rules)
            repeats = [_repeats(each, reach) for each in rules]
        laid_out = [
            _LAID_OUT if repeats[stage] and count > _LAID_OUT else count
            for stage, count in enumerate(counts)
        ]
        while True:
            costs, steps = self._costs_of(laid_out)
            if durations:
                costs = replace(costs, **durations._asdict())
                steps = steps_of(costs)
            decisions = decided_by(rules, laid_out)
            need = require_room(self._pipeline, policy.name, budget_bytes, costs, decisions)
            if self._loaders > 1:
                outcome = run_with_several_loaders(
                    costs, decisions, self._pipeline, budget_bytes, self._speeds
                )
            else:
                left_out = [count - laid_out[stage] for stage, count in enumerate(counts)]
                outcome = Quick(
                    costs,
                    steps,
                    decisions,
                    laid_out,
                    left_out,
                    repeats,
                    self._base_bytes,
                    budget_bytes,
                    self._speeds,
                ).outcome()
            if not outcome.unsettled:
                return Evaluation(
                    outcome.makespan_ns,
                    outcome.peak_bytes,
                    outcome.stall_ns,
                    max(need, outcome.enough_bytes),
                )
            for stage in outcome.unsettled:
                laid_out[stage] = min(2 * laid_out[stage], counts[stage])

    def _costs_of(self, iterations: list[int]) -> tuple[Costs, list[Step]]:
        key = tuple(iterations)
        if key not in self._costs:
            costs = costs_of(self._pipeline, iterations)
            self._costs[key] = costs, steps_of(costs)
        return self._costs[key]


def _reach(rules: list[Rules]) -> int:
    """The most computes before its own at which a distance lets a later stage's load start."""
    reach = 0
    for stage in rules[1:]:
        for rule in stage[0]:
            if reach < rule.distance < UNLIMITED:
                reach = rule.distance
    return reach


def _repeats(rules: Rules, reach: int) -> bool:
    """Whether a stage's second iteration and all later ones have the same rules and are alike.

    The first may have other rules, as long as it keeps the same chunks. The last two may be
    within a later load's reach; were others, they would depend on how many there are.
    """
    if len(rules) < _LAID_OUT or reach > 2 * len(rules[0]):
        return False
    first, second = rules[0], rules[1]
    if first is not second and any(a.keep != b.keep for a, b in zip(first, second, strict=True)):
        return False
    return all(later is second or later == second for later in rules[2:])


def evaluate(pipeline: Pipeline, policy: Policy, budget_bytes: int) -> Evaluation:
    """The makespan, peak and stall of one run; ``Evaluator`` is faster for many of one cut.

    Raises:
        InfeasibleBudgetError: the policy cannot keep the budget.
    """
    return Evaluator(pipeline).evaluate(policy, budget_bytes)
