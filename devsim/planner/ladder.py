"""A ladder of budgets to search at, so that more memory never makes a plan slower.

A schedule can get slower when it may hold more: loads start earlier and slow a compute, or take
the room that its activations need. And a search may find a better schedule for less memory than it
finds for more. So a plan is not what a search finds for the budget asked for. The problem alone
says at which budgets, the *rungs*, is searched, and which runs each rung adds: those of its search,
and those of its best shapes between it and its neighbours. A plan for any budget is the best of all
these runs that the budget is enough for, a run with less memory among them. More memory adds runs
and takes none away.

What is above the budget is left out, but for the first rung, as some of its runs may need less.
What is below is left out from where the lower bound is no better than the best.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from devsim.planner.ask import Ask
from devsim.planner.baselines import hands
from devsim.planner.book import Book, Shapes
from devsim.planner.cost import NEVER, Cost
from devsim.planner.infeasible import least_budget_bytes
from devsim.planner.runs import Run
from devsim.planner.score import Scorer, least_cost
from devsim.planner.search import explore
from devsim.planner.source import Problem

_WORK = 15_000
"""Computes evaluated for one rung, at least."""
_EVALUATIONS = 75
"""Of large problems, computes of so many runs in the finest cut are."""
_HALVINGS = 6
"""Times that the way from everything resident down to the least budget is halved in any case."""
_CLOSE = 200
"""Neighbours are no closer than this part of their budget."""
_BOUND_STEP, _BOUND_STEP_A_COMPUTE = 0.002, 5e-6
"""The lower bounds of neighbours differ by no more than this share; of large problems, by more,"""
_OF_GAP = 16
"""or by this part of the gap, where that is large."""
_FOUND_STEP = 0.02
"""What was found for neighbours differs by no more than this share,"""
_NEAR = 1.2
"""unless their budgets differ by less than this factor."""
_BEST = 4
"""Shapes of a rung that are run with the budgets to its neighbours too."""
_BETWEEN = 8
"""Parts into which those budgets divide the way from one rung to the next."""


class Candidate(NamedTuple):
    """A run that a plan can be, with any budget from ``run.from_bytes`` on."""

    cost: Cost
    run: Run
    shapes: Shapes


class Ladder:
    """The rungs of a problem; each is searched once, for however many budgets it is asked.

    Args:
        ask: its budget is not looked at.
    """

    def __init__(self, ask: Ask) -> None:
        self._problem = ask.problem
        self._objective = ask.objective
        self.hands = hands(ask.profile, self._problem)
        """The named policies; what they keep under a rung's budget is where its search begins."""
        self._book = Book(self._problem)
        self._least = least_budget_bytes(ask)
        self._most = self._least + sum(
            cost.resident_bytes for stage in self._problem.stages for cost in stage.costs
        )
        size = sum(len(each.blocks) * min(each.iterations, 4) for each in self._problem.stages)
        self._work = max(_WORK, _EVALUATIONS * size)
        self._step = max(_BOUND_STEP, _BOUND_STEP_A_COMPUTE * size)
        self._searched: dict[int, tuple[list[Candidate], list[Shapes]]] = {}
        self._runs_between: dict[tuple[int, int], list[Candidate]] = {}

    @property
    def rungs(self) -> list[int]:
        """Those that were searched so far, rising."""
        return sorted(self._searched)

    def least_cost(self, budget_bytes: int) -> Cost:
        """What no plan for a budget costs less than."""
        return least_cost(self._objective, self._book, self._at(budget_bytes))

    def best(self, budget_bytes: int) -> tuple[Candidate, int]:
        """The best run for a budget, and a budget that is too small for any better one.

        Args:
            budget_bytes: enough for the finest cut.
        """
        best: Candidate | None = None
        above = None

        def hopeless(rung: int) -> bool:
            """Whether nothing with less memory than the rung's can be better."""
            return best is not None and self.least_cost(min(rung, budget_bytes)) >= best.cost

        for rung in self._down_from(budget_bytes, hopeless):
            added = self._search(rung)[0]
            if above is not None:
                added = added + self._between(rung, above)
            enough = [each for each in added if each.run.from_bytes <= budget_bytes]
            best = min([best, *enough] if best else enough, default=None)
            if hopeless(rung):
                break
            above = rung
        else:
            rung = self._least - 1
        if best is None:
            raise AssertionError("the finest cut fits the least budget")
        return best, rung

    def _down_from(self, budget_bytes: int, hopeless: Callable[[int], bool]) -> Iterator[int]:
        """Rungs from the first that is not below a budget downwards; to the first hopeless one."""
        budget_bytes = min(budget_bytes, self._most)
        room = self._most - self._least
        landings = [self._least, *(self._least + (room >> n) for n in range(_HALVINGS, -1, -1))]
        for low, high in reversed(list(pairwise(landings))):
            if low < budget_bytes and low < high:
                gap = self._found(high).gap(self.least_cost(high))
                step = max(self._step, gap / _OF_GAP)
                yield from self._steps(low, high, step, budget_bytes, hopeless)
        yield self._least

    def _steps(
        self, low: int, high: int, step: float, budget_bytes: int, hopeless: Callable[[int], bool]
    ) -> Iterator[int]:
        """Rungs above ``low`` up to ``high``, the highest first."""
        if low >= budget_bytes:
            return
        if self._neighbours(low, high, step, hopeless):
            yield high
            return
        middle = (low + high) // 2
        yield from self._steps(middle, high, step, budget_bytes, hopeless)
        yield from self._steps(low, middle, step, budget_bytes, hopeless)

    def _neighbours(
        self, low: int, high: int, step: float, hopeless: Callable[[int], bool]
    ) -> bool:
        """Whether there is no rung between two; it does not matter below a hopeless one."""
        if high - low <= max(1, low // _CLOSE):
            return True
        if not self.least_cost(low).within(self.least_cost(high), step):
            return False
        if high < _NEAR * low or hopeless(high):
            return True
        return self._found(low).within(self._found(high), _FOUND_STEP)

    def _found(self, rung: int) -> Cost:
        return self._search(rung)[0][0].cost

    def _search(self, rung: int) -> tuple[list[Candidate], list[Shapes]]:
        """What the search at a rung adds, the best first, and its best shapes."""
        known = self._searched.get(rung)
        if known is None:
            seeds = [hand.shapes(hand.under(rung)) for hand in self.hands]
            scorer = self._scorer(rung, self._work)
            explore(scorer, [shapes for shapes in seeds if shapes])
            ranked = sorted(
                Candidate(scorer.cost(shapes), run, shapes)
                for shapes, run in scorer.tried.items()
                if run.makespan_ns < NEVER
            )
            known = _undominated(ranked), [each.shapes for each in ranked[:_BEST]]
            self._searched[rung] = known
        return known

    def _between(self, low: int, high: int) -> list[Candidate]:
        """The best shapes of two neighbours, run with budgets between theirs."""
        known = self._runs_between.get((low, high))
        if known is None:
            budgets = sorted({low + (high - low) * n // _BETWEEN for n in range(1, _BETWEEN)})
            scorers = [self._scorer(budget, 0) for budget in budgets]
            found = [
                Candidate(scorer.cost(shapes), scorer.tried[shapes], shapes)
                for shapes in dict.fromkeys(self._search(low)[1] + self._search(high)[1])
                for scorer in scorers
            ]
            known = _undominated(sorted(each for each in found if each.cost.fits))
            self._runs_between[low, high] = known
        return known

    def _scorer(self, budget_bytes: int, work: int) -> Scorer:
        every = range(len(self._problem.stages))
        return Scorer(self._at(budget_bytes), every, work, self._objective, self._book)

    def _at(self, budget_bytes: int) -> Problem:
        return replace(self._problem, budget_bytes=budget_bytes)


def _undominated(ranked: list[Candidate]) -> list[Candidate]:
    """Of candidates, the best first, those that need less memory than all better ones."""
    kept: list[Candidate] = []
    for each in ranked:
        if not kept or each.run.from_bytes < kept[-1].run.from_bytes:
            kept.append(each)
    return kept
