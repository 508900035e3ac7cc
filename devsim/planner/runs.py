"""The different runs that one schedule makes under different budgets.

A run depends on the budget only through comparisons: does this fit? So a run under one budget is
the same, to the nanosecond, under every smaller one for which each comparison has the same answer.
"""

from collections.abc import Iterator
from typing import NamedTuple

from devsim.core.errors import InfeasibleBudgetError
from devsim.policy.protocol import Policy
from devsim.simulation.evaluate import Evaluator


class Run(NamedTuple):
    """What a schedule takes, and the budgets under which it takes just that."""

    makespan_ns: int
    from_bytes: int
    to_bytes: int


def runs_of(evaluator: Evaluator, policy: Policy, least: int, most: int) -> Iterator[Run]:
    """Every different run under budgets of ``least`` to ``most`` bytes, the largest budget first.

    The last may begin below ``least``. Budgets that the policy cannot keep have no run.
    """
    budget_bytes = most
    while budget_bytes >= least:
        try:
            run = evaluator.evaluate(policy, budget_bytes)
        except InfeasibleBudgetError:
            return
        yield Run(run.makespan_ns, run.enough_bytes, budget_bytes)
        budget_bytes = run.enough_bytes - 1
