"""What less memory than is offered may do."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace

from devsim.planner.ask import Ask
from devsim.planner.baselines import Compared, compared_with
from devsim.planner.bound import lower_bound_ns
from devsim.planner.infeasible import least_budget_bytes
from devsim.planner.runs import runs_of
from devsim.planner.score import Objective, cost_of
from devsim.planner.search import has_few_shapes
from devsim.policy.named import baseline
from devsim.policy.protocol import Policy, Rule

_NOT_A_SHAPE = "on-device-sora"
"""The named policy that shapes cannot say."""


def least_budget_for_less(ask: Ask, cost: int) -> int:
    """The least budget, up to the one asked for, under which some plan may cost less.

    The lower bound never rises with the budget; it says nothing of bytes read.
    """
    least = least_budget_bytes(ask)
    if ask.objective is Objective.IO:
        return least
    problem = ask.problem
    return least + bisect_left(
        range(least, ask.budget_bytes),
        True,
        key=lambda budget: lower_bound_ns(replace(problem, budget_bytes=budget)) < cost,
    )


def held_back(ask: Ask, cost: int) -> tuple[Compared, ...]:
    """Of a small problem, the named policies that cost less than this with less memory."""
    if not has_few_shapes(ask.problem):
        return ()
    better = []
    for made in _under_less(ask, _NOT_A_SHAPE, least_budget_for_less(ask, cost)):
        if made.figures is not None and (
            cost_of(ask.objective, made.figures.read_bytes, made.figures.makespan_ns) < cost
        ):
            better.append(made)
    return tuple(better)


def _under_less(ask: Ask, name: str, least: int) -> Iterator[Compared]:
    """One of every different run of a named policy, down to a budget."""
    pipeline = compared_with(name, ask.profile, ask.problem).pipeline
    budget_bytes = ask.budget_bytes
    counts = [(stage.iterations, len(stage.chunks)) for stage in pipeline.stages]

    def rules_under(budget_bytes: int) -> list[tuple[Rule, ...]]:
        policy: Policy = baseline(name, pipeline, budget_bytes)
        return [
            policy.rules(stage, iteration, chunks)
            for stage, (iterations, chunks) in enumerate(counts)
            for iteration in {0, iterations - 1}
        ]

    while budget_bytes >= least:
        rules = rules_under(budget_bytes)
        # A policy keeps as much as fits, so the budgets with the same rules are neighbours.
        same_from = least + bisect_left(
            range(least, budget_bytes), True, key=lambda budget: rules_under(budget) == rules
        )
        policy = baseline(name, pipeline, budget_bytes)
        for run in runs_of(pipeline, policy, same_from, budget_bytes):
            yield compared_with(name, ask.profile, ask.at(run.to_bytes).problem)
        budget_bytes = same_from - 1
