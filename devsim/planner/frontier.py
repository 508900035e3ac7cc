"""Budget against makespan: the Pareto set, and the least budget for a makespan."""

from typing import NamedTuple

from devsim.core.errors import InfeasibleBudgetError
from devsim.core.plan import Plan
from devsim.core.units import format_bytes, format_ns
from devsim.planner.ask import Ask
from devsim.planner.book import NEVER
from devsim.planner.bound import lower_bound_ns
from devsim.planner.infeasible import least_budget_bytes, require_room
from devsim.planner.ladder import Ladder
from devsim.planner.planner import climb, verified
from devsim.planner.search import WORK, Found, search
from devsim.planner.shape import Shape
from devsim.planner.variants import with_variants
from devsim.policy.planned import Planned
from devsim.simulate.simulator import simulate

_BUDGETS = 24
_WORTH = 0.0005
"""A budget is a point of its own if its plan is faster by this share."""
_SHARE = 8
"""Of the work of a plan, this part goes into each budget that is tried."""
_HALVINGS = 8


class Point(NamedTuple):
    """A budget, and the fastest plan found for it or less."""

    budget_bytes: int
    makespan_ns: int
    lower_bound_ns: int


def frontier(ask: Ask) -> list[Point]:
    """Budgets, rising, from which a plan worth mentioning is faster; every point is simulated.

    Budgets are tried in equal ratios from the least that works to one that holds everything, each
    with the plan before it among the seeds.

    Raises:
        BadInputError: a stage or a variant is asked for that the profile does not have.
    """
    ask = with_variants(ask)
    least = least_budget_bytes(ask)
    problem = ask.problem
    most = least + sum(cost.resident_bytes for stage in problem.stages for cost in stage.costs)
    points: list[Point] = []
    seeds: list[tuple[Shape, ...]] = []
    for step in range(_BUDGETS + 1):
        at = ask.at(max(1, round(least * (most / max(least, 1)) ** (step / _BUDGETS))))
        bound_ns = lower_bound_ns(at.problem)
        best_ns = points[-1].makespan_ns * (1 - _WORTH) if points else NEVER
        if bound_ns >= best_ns:
            continue
        found = search(at.problem, WORK // _SHARE, seeds, ask.objective)
        seeds = [found.shapes]
        if found.cost < best_ns:
            points.append(Point(at.budget_bytes, _simulated_ns(at, found), bound_ns))
    return points


def _simulated_ns(ask: Ask, found: Found) -> int:
    problem = ask.problem
    pipeline = problem.pipeline(
        [
            source.stage(shape.bounds)
            for source, shape in zip(problem.stages, found.shapes, strict=True)
        ]
    )
    policy = Planned(tuple(shape.residency for shape in found.shapes))
    makespan_ns = simulate(pipeline, policy, ask.budget_bytes).makespan_ns
    if makespan_ns != found.cost:
        raise AssertionError("the simulator does not confirm the plan")
    return makespan_ns


def least_memory(ask: Ask, makespan_ns: int) -> Plan:
    """The plan with the least budget found that keeps a makespan; at most the budget asked for.

    Raises:
        InfeasibleBudgetError: the budget is too small for any plan, or for so short a makespan.
        BadInputError: a stage or a variant is asked for that the profile does not have.
    """
    ask = with_variants(ask)
    require_room(ask)
    ladder = Ladder(ask)
    best = climb(ask, ladder)
    if best.makespan_ns > makespan_ns:
        raise InfeasibleBudgetError(
            f"no plan found for {format_bytes(ask.budget_bytes)} keeps "
            f"{format_ns(makespan_ns)}: the fastest takes {format_ns(best.makespan_ns)}",
            ask.budget_bytes,
            f"give a larger --budget, or a --makespan above it; none here can beat "
            f"{format_ns(lower_bound_ns(ask.problem))}",
        )
    low, high = least_budget_bytes(ask), best.budget_bytes
    for _ in range(_HALVINGS):
        middle = (low + high) // 2
        at = ask.at(max(1, middle))
        if lower_bound_ns(at.problem) > makespan_ns:
            low = middle
            continue
        tried = climb(at, ladder)
        if tried.makespan_ns <= makespan_ns:
            best, high = tried, middle
        else:
            low = middle
    return verified(best)
