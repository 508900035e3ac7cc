"""What shapes cost, by the fast evaluator; each is evaluated once, and only so many are."""

from collections.abc import Sequence

from devsim.core.errors import InfeasibleBudgetError
from devsim.planner.shape import Shape
from devsim.planner.source import Problem
from devsim.policy.planned import Planned
from devsim.simulate.evaluate import evaluate

NEVER = 1 << 62
"""The makespan of what does not fit."""

_RUN_ITERATIONS = 4
"""Iterations that the evaluator runs of a stage before the steady state is known."""


class Scorer:
    """Makespans of shapes for some stages of a problem.

    Args:
        problem: the stages, and the budget.
        stages: the numbers of the stages that are scored together, in order.
        work: computes that may be evaluated before ``spent``; counted, not timed, so that the same
            inputs always make the same plan.
    """

    def __init__(self, problem: Problem, stages: Sequence[int], work: int) -> None:
        self.problem = problem
        self.stages = tuple(stages)
        self._work = work
        self._known: dict[tuple[Shape, ...], int] = {}

    @property
    def spent(self) -> bool:
        """Whether the work is used up."""
        return self._work <= 0

    def makespan_ns(self, shapes: tuple[Shape, ...]) -> int:
        """The makespan, or ``NEVER`` when the budget is too small."""
        known = self._known.get(shapes)
        if known is None:
            known = self._known[shapes] = self._evaluate(shapes)
        return known

    def _evaluate(self, shapes: tuple[Shape, ...]) -> int:
        sources = [self.problem.stages[number] for number in self.stages]
        pipeline = self.problem.pipeline(
            [source.stage(shape.bounds) for source, shape in zip(sources, shapes, strict=True)]
        )
        self._work -= sum(
            len(shape.pieces) * min(source.iterations, _RUN_ITERATIONS) + 10
            for source, shape in zip(sources, shapes, strict=True)
        )
        policy = Planned(tuple(shape.residency for shape in shapes))
        try:
            return evaluate(pipeline, policy, self.problem.budget_bytes).makespan_ns
        except InfeasibleBudgetError:
            return NEVER
