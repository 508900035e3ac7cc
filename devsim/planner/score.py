"""What shapes cost, by the fast evaluator; each is evaluated once, and only so many are."""

from collections.abc import Sequence

from devsim.planner.book import Book, Shapes
from devsim.planner.bound import least_read_bytes
from devsim.planner.cost import Cost, Objective, cost_of
from devsim.planner.runs import Run
from devsim.planner.source import Problem

_RUN_ITERATIONS = 4
"""Iterations that the evaluator runs of a stage before the steady state is known."""


class Scorer:
    """Costs of shapes for some stages of a problem under its budget: the less, the better.

    Args:
        problem: the stages, and the budget.
        stages: the numbers of the stages that are scored together, in order.
        work: computes that may be evaluated before ``spent``; counted, not timed, and counted
            though the book may know them, so that the same inputs always make the same plan.
        book: of the same problem under any budget.
    """

    def __init__(
        self,
        problem: Problem,
        stages: Sequence[int],
        work: int,
        objective: Objective = Objective.LATENCY,
        book: Book | None = None,
    ) -> None:
        self.problem = problem
        self.objective = objective
        self.stages = tuple(stages)
        self.book = book or Book(problem)
        self.tried: dict[Shapes, Run] = {}
        """What was scored, in that order."""
        self.left = work
        """Of the work."""

    @property
    def spent(self) -> bool:
        """Whether the work is used up."""
        return self.left <= 0

    def cost(self, shapes: Shapes) -> Cost:
        """What the shapes cost; ``DOES_NOT_FIT`` when the budget is too small."""
        run = self.tried.get(shapes)
        if run is None:
            run = self.book.run(self.stages, shapes, self.problem.budget_bytes)
            self.tried[shapes] = run
            self.left -= self._size(shapes)
        return self.cost_in(run.makespan_ns, shapes)

    def cost_in(self, makespan_ns: int, shapes: Shapes) -> Cost:
        """What the shapes cost where they take so long."""
        if self.objective is not Objective.IO:
            return cost_of(self.objective, 0, makespan_ns)
        return cost_of(self.objective, self.book.read_bytes(self.stages, shapes), makespan_ns)

    def least(self, shapes: Shapes) -> Cost:
        """What they cost at least: each lane's work alone."""
        return self.cost_in(self.book.least_ns(self.stages, shapes), shapes)

    def _size(self, shapes: Shapes) -> int:
        """Computes that the evaluator runs."""
        return sum(
            len(shape.pieces) * min(self.problem.stages[number].iterations, _RUN_ITERATIONS) + 10
            for number, shape in zip(self.stages, shapes, strict=True)
        )


def least_cost(objective: Objective, book: Book, problem: Problem) -> Cost:
    """What no plan for a problem can cost less than.

    Args:
        objective: what is to be least.
        book: of the same problem under any budget.
        problem: with the budget.
    """
    bound_ns = book.lower_bound_ns(problem.budget_bytes)
    least_bytes = least_read_bytes(problem) if objective is Objective.IO else 0
    return cost_of(objective, least_bytes, bound_ns)
