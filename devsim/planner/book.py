"""What the shapes of a problem come to, remembered for all budgets.

A run depends on its budget only through comparisons, so what is known under one budget is known
under every smaller one for which they have the same answers. Most shapes of a stage on its own need
little of the memory, and run alike under most budgets.
"""

from dataclasses import replace
from operator import is_

from devsim.core.errors import InfeasibleBudgetError
from devsim.core.pipeline import Stage
from devsim.planner.bound import lower_bound_ns
from devsim.planner.cost import NEVER
from devsim.planner.lanes import Work, least_ns, read_bytes, work_of
from devsim.planner.runs import Run
from devsim.planner.shape import Shape
from devsim.planner.source import Problem
from devsim.policy.planned import Planned
from devsim.simulation.evaluate import Evaluator

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
        self._works: dict[tuple[int, Shape], Work] = {}
        self._bounds: dict[int, int] = {}
        self._cut: list[Stage] = []
        self._evaluator: Evaluator

    def run(self, stages: Stages, shapes: Shapes, budget_bytes: int) -> Run:
        """The run of some stages in these shapes under a budget; ``NEVER`` where none fits.

        What was asked before makes no difference: the run is said to be the same up to this budget,
        though it may be known to be the same under larger ones.
        """
        known = self._runs.setdefault((stages, shapes), [])
        for run in known:
            if run.from_bytes <= budget_bytes <= run.to_bytes:
                return run._replace(to_bytes=budget_bytes)
        run = self._evaluated(stages, shapes, budget_bytes)
        known.append(run)
        return run

    def lower_bound_ns(self, budget_bytes: int) -> int:
        """A makespan that no plan for all stages can beat under a budget."""
        known = self._bounds.get(budget_bytes)
        if known is None:
            known = lower_bound_ns(replace(self._problem, budget_bytes=budget_bytes))
            self._bounds[budget_bytes] = known
        return known

    def least_ns(self, stages: Stages, shapes: Shapes) -> int:
        """What the shapes take at least, whatever the budget: each lane's work alone."""
        works = [self._work(*each) for each in zip(stages, shapes, strict=True)]
        return least_ns(works, self._problem.loaders)

    def read_bytes(self, stages: Stages, shapes: Shapes) -> int:
        """Weights that all loads of a run read."""
        sources = [self._problem.stages[number] for number in stages]
        return sum(map(read_bytes, sources, shapes))

    def _work(self, number: int, shape: Shape) -> Work:
        known = self._works.get((number, shape))
        if known is None:
            known = work_of(self._problem.stages[number], shape)
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
