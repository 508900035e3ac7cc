"""The best schedule found for what is asked: variants, shapes and the budget that it runs with."""

from typing import NamedTuple

from devsim.core.errors import InfeasibleBudgetError
from devsim.core.pipeline import Pipeline
from devsim.planner.ask import Ask
from devsim.planner.baselines import Hand, read_bytes_of
from devsim.planner.cost import DOES_NOT_FIT, Cost, cost_of
from devsim.planner.every import best_of_all, least_budget_for_less
from devsim.planner.hand import best_by_hand
from devsim.planner.infeasible import least_budget_bytes, require_room
from devsim.planner.ladder import Ladder
from devsim.planner.search import Found, has_few_shapes
from devsim.planner.shape import Shape
from devsim.planner.variants import choices
from devsim.policy.planned import Planned
from devsim.policy.protocol import Policy
from devsim.simulation.evaluate import evaluate


class Solution(NamedTuple):
    """What was found for what was asked, with the variants that were chosen."""

    ask: Ask
    found: Found
    """The best shapes, and the cost of what is run."""
    budget_bytes: int
    """What it is run with: at most what is asked for."""
    hands: list[Hand]
    instead: Hand | None = None
    """A named policy that is better than any shapes, and is run."""

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The best shapes."""
        return self.found.shapes

    @property
    def makespan_ns(self) -> int:
        """What it takes, by the fast evaluator."""
        return self.found.cost.makespan_ns

    def schedule(self, budget_bytes: int) -> tuple[Pipeline, Policy]:
        """What is run, under a budget."""
        if self.instead:
            return self.instead.pipeline, self.instead.under(budget_bytes)
        problem = self.ask.problem
        cut = [
            source.stage(shape.bounds)
            for source, shape in zip(problem.stages, self.shapes, strict=True)
        ]
        return problem.pipeline(cut), Planned(tuple(shape.residency for shape in self.shapes))

    def cost(self, budget_bytes: int) -> Cost:
        """What it costs under a budget."""
        pipeline, policy = self.schedule(budget_bytes)
        try:
            makespan_ns = evaluate(pipeline, policy, budget_bytes).makespan_ns
        except InfeasibleBudgetError:
            return DOES_NOT_FIT
        return cost_of(self.ask.objective, read_bytes_of(pipeline, policy), makespan_ns)


def solve(ask: Ask) -> Solution:
    """Search, at the variants that are best.

    Raises:
        InfeasibleBudgetError: some block does not fit; carries the smallest budget that works.
        BadInputError: a stage or a variant is asked for that the profile does not have.
    """
    return Solver(ask).solve(ask.budget_bytes)


class Solver:
    """Finds the best plans under any budgets; what was searched for one serves the others.

    As each choice of variants is never worse with more memory, neither is the best of them.

    Args:
        ask: its budget is not looked at.

    Raises:
        BadInputError: a stage or a variant is asked for that the profile does not have.
    """

    def __init__(self, ask: Ask) -> None:
        self._choices = choices(ask)
        self._ladders: dict[int, Ladder] = {}

    def solve(self, budget_bytes: int) -> Solution:
        """Search, the most promising variants first, until the bounds of the others rule them out.

        Raises:
            InfeasibleBudgetError: some block does not fit; carries the smallest budget that works.
        """
        asks = [each.at(budget_bytes) for each in self._choices]
        needs = [least_budget_bytes(each) for each in asks]
        require_room(asks[needs.index(min(needs))])
        room = [number for number, need in enumerate(needs) if need <= budget_bytes]
        best: Solution | None = None
        for least, number in sorted((self._ladder(n).least_cost(budget_bytes), n) for n in room):
            if best is None or least < best.found.cost:
                other = climb(asks[number], self._ladder(number))
                best = other if best is None or other.found.cost < best.found.cost else best
        if best is None:
            raise AssertionError("there is room for a choice of variants")
        return best

    def _ladder(self, number: int) -> Ladder:
        if number not in self._ladders:
            self._ladders[number] = Ladder(self._choices[number])
        return self._ladders[number]


def climb(ask: Ask, ladder: Ladder) -> Solution:
    """The best that a budget is enough for, of shapes and of what named policies do.

    Args:
        ask: with a budget under which the finest cut fits.
        ladder: of the same, whatever its budget.
    """
    if has_few_shapes(ask.problem):
        found, to_bytes = best_of_all(ask)
        least = least_budget_for_less(ask, found.cost)
    else:
        (cost, run, shapes), least = ladder.best(ask.budget_bytes)
        found, to_bytes = Found(cost, shapes), run.to_bytes
    instead = None
    by_hand = best_by_hand(ladder.hands, ask.objective, found.cost, least, ask.budget_bytes)
    if by_hand:
        found, to_bytes = Found(by_hand.cost, by_hand.shapes or found.shapes), by_hand.run.to_bytes
        instead = None if by_hand.shapes else by_hand.hand
    solution = Solution(ask, found, min(to_bytes, ask.budget_bytes), ladder.hands, instead)
    if solution.cost(ask.budget_bytes) == found.cost:
        return solution._replace(budget_bytes=ask.budget_bytes)
    return solution
