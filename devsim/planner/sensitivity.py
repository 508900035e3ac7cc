"""Which figure changes the makespan most, and where another plan would be better."""

from typing import NamedTuple

from devsim.planner.ask import Ask
from devsim.planner.infeasible import finest_cut
from devsim.planner.knobs import KNOBS
from devsim.planner.score import Scorer
from devsim.planner.search import WORK, search
from devsim.planner.shape import Shape
from devsim.planner.solver import Solution
from devsim.planner.source import Problem
from devsim.policy.feasible import smallest_budget_bytes

STEP = 1.25
"""The factor by which every figure is turned up and down."""
_WORTH = 0.005
"""Another plan is better from this share of the makespan on."""
_REACH = 4.0
_BISECTIONS = 4
_SHARE = 25
"""Of the work of a plan, this part goes into each value that is tried."""


class Sensitivity(NamedTuple):
    """What one figure does, turned down and up by ``STEP``, with the plan made anew."""

    knob: str
    lower_ns: int | None
    """The makespan with the figure divided by ``STEP``; None if no plan fits."""
    higher_ns: int | None
    flips_below: float | None
    """The largest factor below 1, down to a quarter, at which another plan is better."""
    flips_above: float | None

    def swing_ns(self, makespan_ns: int) -> int:
        """The largest change of the makespan; no plan counts as the makespan itself."""
        return max(
            abs((self.lower_ns or 2 * makespan_ns) - makespan_ns),
            abs((self.higher_ns or 2 * makespan_ns) - makespan_ns),
        )


def sensitivity(solution: Solution) -> list[Sensitivity]:
    """Every figure, the one with the largest swing first."""
    ask, shapes = solution.ask, solution.shapes
    found = [_of(ask, shapes, knob) for knob in KNOBS]
    makespan_ns = solution.makespan_ns
    return sorted(found, key=lambda each: -each.swing_ns(makespan_ns))


def _of(ask: Ask, shapes: tuple[Shape, ...], knob: str) -> Sensitivity:
    problem = ask.problem

    def turned(factor: float) -> Problem:
        return KNOBS[knob](problem, factor)

    return Sensitivity(
        knob,
        _best_ns(turned(1 / STEP), shapes),
        _best_ns(turned(STEP), shapes),
        _flip(problem, shapes, knob, 1 / _REACH),
        _flip(problem, shapes, knob, _REACH),
    )


def _flip(problem: Problem, shapes: tuple[Shape, ...], knob: str, reach: float) -> float | None:
    """Bisect on the logarithm of the factor for where another plan becomes better."""
    if not _another_is_better(KNOBS[knob](problem, reach), shapes):
        return None
    same, other = 1.0, reach
    for _ in range(_BISECTIONS):
        middle = (same * other) ** 0.5
        if _another_is_better(KNOBS[knob](problem, middle), shapes):
            other = middle
        else:
            same = middle
    return other


def _another_is_better(problem: Problem, shapes: tuple[Shape, ...]) -> bool:
    best_ns = _best_ns(problem, shapes)
    kept_ns = Scorer(problem, range(len(problem.stages)), 1).cost(shapes).makespan_ns
    return best_ns is not None and best_ns < kept_ns * (1 - _WORTH)


def _best_ns(problem: Problem, shapes: tuple[Shape, ...]) -> int | None:
    if smallest_budget_bytes(finest_cut(problem))[0] > problem.budget_bytes:
        return None
    cost = search(problem, WORK // _SHARE, [shapes]).cost
    return cost.makespan_ns if cost.fits else None
