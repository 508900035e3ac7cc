"""Budgets below the one asked for, so that more memory hardly ever makes a plan slower.

A schedule can get slower when it may hold more: loads start earlier and slow a compute, or take
the room that its activations need. So the planner also plans for fixed budgets, the *rungs*, which
depend on the profile alone. A plan for a rung keeps any larger budget too, if need be by holding no
more than the rung. The better of all is taken; rungs whose lower bound is no better are left out.

Of a problem with few shapes, all are looked at under all budgets (``devsim.planner.every``), and
more memory never makes its plan slower.
"""

from typing import NamedTuple

from devsim.planner.ask import Ask
from devsim.planner.baselines import by_hand, compared
from devsim.planner.bound import lower_bound_ns
from devsim.planner.every import best_of_all
from devsim.planner.infeasible import least_budget_bytes
from devsim.planner.score import NEVER, Objective, Scorer
from devsim.planner.search import WORK, Found, has_few_shapes, is_small, search
from devsim.planner.shape import Shape

_RUNGS = 8
_SHARE = 25
"""Of the work of a plan, this part goes into each rung of a large problem."""


class Climbed(NamedTuple):
    """The best shapes found, and the budget they are run with."""

    found: Found
    budget_bytes: int


def rungs(ask: Ask) -> list[int]:
    """Evenly spaced, from the least budget that works to one that holds everything."""
    least = least_budget_bytes(ask)
    problem = ask.problem
    most = least + sum(cost.resident_bytes for stage in problem.stages for cost in stage.costs)
    return [least + (most - least) * step // _RUNGS for step in range(_RUNGS + 1)]


def climb(ask: Ask, seeds: list[tuple[Shape, ...]], work: int = WORK) -> Climbed:
    """Search at the budget, and at every rung below it that may have something better."""
    if has_few_shapes(ask.problem):
        return Climbed(*best_of_all(ask))
    best = Climbed(search(ask.problem, work, seeds, ask.objective), ask.budget_bytes)
    for rung in reversed(rungs(ask)):
        if rung >= ask.budget_bytes:
            continue
        lower = ask.at(rung).problem
        if ask.objective is not Objective.IO and lower_bound_ns(lower) >= best.found.cost:
            continue
        known = by_hand(compared(ask.profile, lower)) if is_small(lower) else ()
        found = search(lower, _work(ask, work), known, ask.objective)
        if found.cost < best.found.cost:
            best = _at_most(ask, found, rung)
    return best


def _work(ask: Ask, work: int) -> int:
    """Small problems are searched as thoroughly at every rung; of large ones, a share is enough."""
    return work if is_small(ask.problem) else work // _SHARE


def _at_most(ask: Ask, found: Found, rung: int) -> Climbed:
    """Run what was found for a rung with the whole budget, if that is no slower."""
    problem = ask.problem
    scorer = Scorer(problem, range(len(problem.stages)), 1, ask.objective)
    cost = scorer.cost(found.shapes)
    if cost <= found.cost < NEVER:
        return Climbed(Found(cost, found.shapes), ask.budget_bytes)
    return Climbed(found, rung)
