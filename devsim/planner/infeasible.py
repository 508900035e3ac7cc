"""Why a budget is too small, and what would do."""

from devsim.core.errors import InfeasibleBudgetError
from devsim.core.pipeline import Pipeline
from devsim.core.units import format_bytes
from devsim.planner.ask import Ask
from devsim.planner.construct import finest
from devsim.planner.problem import problem_of
from devsim.planner.source import Problem
from devsim.policy.feasible import smallest_budget_bytes
from devsim.simulation.workload import TDTM


def finest_cut(problem: Problem) -> Pipeline:
    """One chunk a block."""
    return problem.pipeline([source.stage(finest(source).bounds) for source in problem.stages])


def least_budget_bytes(ask: Ask) -> int:
    """The smallest budget that any plan can keep: one block at a time, nothing resident."""
    return smallest_budget_bytes(finest_cut(ask.problem))[0]


def require_room(ask: Ask) -> None:
    """Refuse a budget that the largest block does not fit.

    Raises:
        InfeasibleBudgetError: names the block, the smallest budget that works, and the variant
            that would fit if there is one.
    """
    need, culprit = smallest_budget_bytes(finest_cut(ask.problem))
    if need <= ask.budget_bytes:
        return
    fixes = [f"the smallest budget that works is {need} bytes ({format_bytes(need)})"]
    fixes += _variants_that_fit(ask, culprit.partition(" ")[0])
    raise InfeasibleBudgetError(
        f"{culprit} does not fit a budget of {format_bytes(ask.budget_bytes)}",
        need,
        "; ".join(fixes),
    )


def _variants_that_fit(ask: Ask, stage_name: str) -> list[str]:
    stage = next(each for each in ask.profile.stages if each.name == stage_name)
    used = {variant for variant, _ in ask.phases[stage_name]}
    fitting = []
    for variant in dict.fromkeys(name for block in stage.blocks for name in block.variants):
        if variant in used or variant == TDTM:
            continue
        iterations = sum(count for _, count in ask.phases[stage_name])
        phases = {**ask.phases, stage_name: [(variant, iterations)]}
        problem = problem_of(ask.profile, ask.budget_bytes, phases, loaders=ask.loaders)
        need = smallest_budget_bytes(finest_cut(problem))[0]
        if need <= ask.budget_bytes:
            fitting.append(
                f"or use --variant {stage_name}={variant}, which needs {format_bytes(need)}"
            )
    return fitting
