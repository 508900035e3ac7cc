"""Small problems to the end: every shape, under every budget up to the one that is offered.

More memory can make a given schedule slower: loads start earlier and slow a compute, or take the
room that its activations need. So a plan is sure not to get slower with more memory only if all
that could be done with less is looked at too. Here it is, for shapes with one window for all
stages; a run that needs less than is offered is a plan that holds less.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import NamedTuple

from devsim.planner.ask import Ask
from devsim.planner.book import Book
from devsim.planner.cost import DOES_NOT_FIT, Cost, Objective, cost_of
from devsim.planner.infeasible import least_budget_bytes
from devsim.planner.lanes import read_bytes
from devsim.planner.runs import Run, runs_of
from devsim.planner.score import Scorer, least_cost
from devsim.planner.search import Found, every_shape
from devsim.planner.shape import Shape
from devsim.planner.source import Problem
from devsim.policy.planned import Planned
from devsim.simulation.evaluate import Evaluator

_WINDOWS = (0, 1, 2)
"""Windows that are looked at besides one that never holds a load back."""


class _Tried(NamedTuple):
    """Shapes that were run under the budget that is offered."""

    least: Cost
    """What they cost at least, under any budget."""
    shapes: tuple[Shape, ...]
    same_from_bytes: int
    """The least budget under which they run just so."""


def least_budget_for_less(ask: Ask, cost: Cost) -> int:
    """The least budget, up to the one asked for, under which some plan may cost less.

    The lower bound never rises with the budget.
    """
    least, problem = least_budget_bytes(ask), ask.problem
    book = Book(problem)

    def may_cost_less(budget_bytes: int) -> bool:
        return least_cost(ask.objective, book, replace(problem, budget_bytes=budget_bytes)) < cost

    return least + bisect_left(range(least, ask.budget_bytes), True, key=may_cost_less)


def best_of_all(ask: Ask) -> tuple[Found, int]:
    """The best of every shape under every budget up to the one asked for, and that budget."""
    problem, budget_bytes = ask.problem, ask.budget_bytes
    best, tried = _as_offered(problem, ask.objective)
    least_bytes = least_budget_for_less(ask, best.cost)
    for each in tried:
        if each.least >= best.cost:
            break
        for run in _runs(problem, each.shapes, least_bytes, each.same_from_bytes - 1):
            cost = _cost(ask.objective, problem, each.shapes, run)
            if cost < best.cost:
                best, budget_bytes = Found(cost, each.shapes), run.to_bytes
    return best, budget_bytes


def _as_offered(problem: Problem, objective: Objective) -> tuple[Found, list[_Tried]]:
    """The best under the whole budget, and what may be better with less, the likeliest first."""
    scorer = Scorer(problem, range(len(problem.stages)), 0, objective)
    offered = problem.budget_bytes
    ranked = sorted(
        (scorer.least(shapes), shapes)
        for shapes in product(*(list(every_shape(source)) for source in problem.stages))
    )
    best, tried = Found(DOES_NOT_FIT, ()), []
    for least, shapes in ranked:
        if least >= best.cost:
            break
        for windowed in _windowed(shapes):
            run = next(_runs(problem, windowed, offered, offered), None)
            if run is None:  # What does not fit does not with any window.
                break
            tried.append(_Tried(least, windowed, run.from_bytes))
            cost = _cost(objective, problem, windowed, run)
            if cost < best.cost:
                best = Found(cost, windowed)
    return best, tried


def _runs(problem: Problem, shapes: tuple[Shape, ...], least: int, most: int) -> Iterator[Run]:
    pipeline = problem.pipeline(
        [source.stage(shape.bounds) for source, shape in zip(problem.stages, shapes, strict=True)]
    )
    return runs_of(
        Evaluator(pipeline), Planned(tuple(shape.residency for shape in shapes)), least, most
    )


def _cost(objective: Objective, problem: Problem, shapes: tuple[Shape, ...], run: Run) -> Cost:
    bytes_read = sum(map(read_bytes, problem.stages, shapes))
    return cost_of(objective, bytes_read, run.makespan_ns)


def _windowed(shapes: tuple[Shape, ...]) -> Iterator[tuple[Shape, ...]]:
    """The same cuts and residents with each window; the loader that runs furthest ahead first."""
    yield shapes
    for window in _WINDOWS:
        if any(window < shape.window for shape in shapes):
            yield tuple(shape._replace(window=min(window, shape.window)) for shape in shapes)
