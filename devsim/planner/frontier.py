"""Budget against makespan: the Pareto set, and the least budget for a makespan."""

from typing import NamedTuple

from devsim.core.errors import InfeasibleBudgetError
from devsim.core.plan import Plan
from devsim.core.units import format_bytes, format_ns
from devsim.planner.ask import Ask
from devsim.planner.bound import lower_bound_ns
from devsim.planner.cost import NEVER
from devsim.planner.infeasible import least_budget_bytes
from devsim.planner.planner import verified
from devsim.planner.search import WORK, Found, search
from devsim.planner.shape import Shape
from devsim.planner.solver import Solver
from devsim.planner.variants import choices
from devsim.policy.planned import Planned
from devsim.simulation.simulator import simulate

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
    asks = choices(ask)
    needs = [least_budget_bytes(each) for each in asks]
    least = min(needs)
    most = max(_all_resident_bytes(each) for each in asks)
    points: list[Point] = []
    seeds: dict[int, list[tuple[Shape, ...]]] = {}
    for step in range(_BUDGETS + 1):
        budget_bytes = max(1, round(least * (most / max(least, 1)) ** (step / _BUDGETS)))
        below = points[-1].makespan_ns * (1 - _WORTH) if points else NEVER
        better = None
        here = [each.at(budget_bytes) for each in asks]
        bounds_ns = [lower_bound_ns(at.problem) for at in here]
        for number, at in enumerate(here):
            if needs[number] > budget_bytes or bounds_ns[number] >= below:
                continue
            found = search(at.problem, WORK // _SHARE, seeds.get(number, ()), ask.objective)
            seeds[number] = [found.shapes]
            if found.cost.makespan_ns < below:
                below, better = found.cost.makespan_ns, (at, found)
        if better:
            at, found = better
            points.append(Point(budget_bytes, _simulated_ns(at, found), min(bounds_ns)))
    return points


def _all_resident_bytes(ask: Ask) -> int:
    stages = ask.problem.stages
    held = sum(cost.resident_bytes for stage in stages for cost in stage.costs)
    return least_budget_bytes(ask) + held


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
    if makespan_ns != found.cost.makespan_ns:
        raise AssertionError("the simulator does not confirm the plan")
    return makespan_ns


def least_memory(ask: Ask, makespan_ns: int) -> Plan:
    """The plan with the least budget found that keeps a makespan; at most the budget asked for.

    Raises:
        InfeasibleBudgetError: the budget is too small for any plan, or for so short a makespan.
        BadInputError: a stage or a variant is asked for that the profile does not have.
    """
    solver, asks = Solver(ask), choices(ask)

    def least_ns(budget_bytes: int) -> int:
        """What no plan takes less than, in any choice of variants."""
        return min(lower_bound_ns(each.at(budget_bytes).problem) for each in asks)

    best = solver.solve(ask.budget_bytes)
    if best.makespan_ns > makespan_ns:
        raise InfeasibleBudgetError(
            f"no plan found for {format_bytes(ask.budget_bytes)} keeps "
            f"{format_ns(makespan_ns)}: the fastest takes {format_ns(best.makespan_ns)}",
            ask.budget_bytes,
            f"give a larger --budget, or a --makespan above it; none here can beat "
            f"{format_ns(least_ns(ask.budget_bytes))}",
        )
    low, high = min(map(least_budget_bytes, asks)), best.budget_bytes
    for _ in range(_HALVINGS):
        middle = (low + high) // 2
        if least_ns(max(1, middle)) > makespan_ns:
            low = middle
            continue
        tried = solver.solve(max(1, middle))
        if tried.makespan_ns <= makespan_ns:
            best, high = tried, middle
        else:
            low = middle
    return verified(best)
