"""What the shapes of a problem come to, remembered for all budgets.

A run depends on its budget only through comparisons, so what is known under one budget is known
under every smaller one for which they have the same answers. Most shapes of a stage on its own need
little of the memory, and run alike under most budgets.
"""

from operator import is_

from devsim.core.errors import InfeasibleBudgetError
from devsim.core.pipeline import Stage
from devsim.planner.lanes import Work, least_ns, read_bytes, work_of
from devsim.planner.runs import Run
from devsim.planner.shape import Shape
from devsim.planner.source import Problem
from devsim.policy.planned import Planned
from devsim.simulate.evaluate import Evaluator

NEVER = 1 << 200
"""The makespan of what does not fit: more than any other."""

Shapes = tuple[Shape, ...]
Stages = tuple[int, ...]
"""The numbers of some stages of a problem, in order."""


class Book:
    """Runs of shapes of some or all stages of a problem, whatever its budget.

    Args:
        problem: the stages; its budget is not looked at.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._runs: dict[tuple[Stages, Shapes], list[Run]] = {}
        self._works: dict[tuple[int, Shape], tuple[Work, int]] = {}
        self._cut: list[Stage] = []
        self._evaluator: Evaluator

    def run(self, stages: Stages, shapes: Shapes, budget_bytes: int) -> Run:
        """The run of some stages in these shapes under a budget; ``NEVER`` where none fits."""
        known = self._runs.setdefault((stages, shapes), [])
        for run in known:
            if run.from_bytes <= budget_bytes <= run.to_bytes:
                return run
        run = self._evaluated(stages, shapes, budget_bytes)
        known.append(run)
        return run

    def least_ns(self, stages: Stages, shapes: Shapes) -> int:
        """What the shapes take at least, whatever the budget: each lane's work alone."""
        works = [self._work(*each)[0] for each in zip(stages, shapes, strict=True)]
        return least_ns(works, self._problem.loaders)

    def read_bytes(self, stages: Stages, shapes: Shapes) -> int:
        """Weights that all loads of a run read."""
        return sum(self._work(*each)[1] for each in zip(stages, shapes, strict=True))

    def _work(self, number: int, shape: Shape) -> tuple[Work, int]:
        known = self._works.get((number, shape))
        if known is None:
            source = self._problem.stages[number]
            known = work_of(source, shape), read_bytes(source, shape)
            self._works[number, shape] = known
        return known

    def _evaluated(self, stages: Stages, shapes: Shapes, budget_bytes: int) -> Run:
        policy = Planned(tuple([shape.residency for shape in shapes]))
        try:
            run = self._evaluator_of(stages, shapes).evaluate(policy, budget_bytes)
        except InfeasibleBudgetError as refused:
            return Run(NEVER, 0, refused.smallest_budget_bytes - 1)
        return Run(run.makespan_ns, run.enough_bytes, budget_bytes)

    def _evaluator_of(self, stages: Stages, shapes: Shapes) -> Evaluator:
        """Made anew where the cut is not that of the shapes before."""
        sources = self._problem.stages
        cut = [
            sources[number].stage(shape.bounds)
            for number, shape in zip(stages, shapes, strict=True)
        ]
        if len(cut) != len(self._cut) or not all(map(is_, cut, self._cut)):
            self._cut, self._evaluator = cut, Evaluator(self._problem.pipeline(cut))
        return self._evaluator
