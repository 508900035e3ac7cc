"""What shapes cost, by the fast evaluator; each is evaluated once, and only so many are."""

from collections.abc import Sequence
from enum import StrEnum

from devsim.core.errors import InfeasibleBudgetError
from devsim.planner.lanes import least_ns, read_bytes
from devsim.planner.shape import Shape
from devsim.planner.source import Problem
from devsim.policy.planned import Planned
from devsim.simulate.evaluate import evaluate

NEVER = 1 << 200
"""The cost of what does not fit: more than any other."""

_A_BYTE = 1 << 62
"""What a byte costs when bytes come first: more than any makespan in nanoseconds."""

_RUN_ITERATIONS = 4
"""Iterations that the evaluator runs of a stage before the steady state is known."""


class Objective(StrEnum):
    """What a plan is to be the best at."""

    LATENCY = "latency"
    """The least makespan."""
    IO = "io"
    """The fewest bytes read; the least makespan among those."""
    MEMORY = "memory"
    """The least budget with which a makespan is kept."""


class Scorer:
    """Costs of shapes for some stages of a problem: the less, the better.

    A cost is the makespan in nanoseconds; for ``IO``, the bytes read come first.

    Args:
        problem: the stages, and the budget.
        stages: the numbers of the stages that are scored together, in order.
        work: computes that may be evaluated before ``spent``; counted, not timed, so that the same
            inputs always make the same plan.
    """

    def __init__(
        self,
        problem: Problem,
        stages: Sequence[int],
        work: int,
        objective: Objective = Objective.LATENCY,
    ) -> None:
        self.problem = problem
        self.objective = objective
        self.stages = tuple(stages)
        self._work = work
        self._known: dict[tuple[Shape, ...], int] = {}

    @property
    def spent(self) -> bool:
        """Whether the work is used up."""
        return self._work <= 0

    def cost(self, shapes: tuple[Shape, ...]) -> int:
        """What the shapes cost; ``NEVER`` when the budget is too small."""
        known = self._known.get(shapes)
        if known is None:
            known = self._known[shapes] = self._evaluate(shapes)
        return known if known == NEVER else cost_of(self.objective, self._read(shapes), known)

    def least(self, shapes: tuple[Shape, ...]) -> int:
        """What they cost at least: each lane's work alone."""
        least = least_ns(self.problem, self.stages, shapes)
        return cost_of(self.objective, self._read(shapes), least)

    def _read(self, shapes: tuple[Shape, ...]) -> int:
        if self.objective is not Objective.IO:
            return 0
        sources = [self.problem.stages[number] for number in self.stages]
        return sum(map(read_bytes, sources, shapes))

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


def cost_of(objective: Objective, read_bytes: int, makespan_ns: int) -> int:
    """What a schedule costs by the measure of an objective."""
    return makespan_ns + (_A_BYTE * read_bytes if objective is Objective.IO else 0)


def makespan_of(cost: int) -> int:
    """The makespan in a cost, in nanoseconds."""
    return cost % _A_BYTE
