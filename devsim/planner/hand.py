"""What people do by hand with a budget or less of it.

A plan must not be slower than a named policy, nor than it would be with less memory. So it must
not be slower than what any named policy makes of less memory. Policies change with their budget,
but seldom, and their runs seldom change; what is not fast enough under any budget is left out.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from devsim.core.pipeline import Pipeline
from devsim.planner.baselines import Hand
from devsim.planner.cost import Cost, Objective, cost_of
from devsim.planner.runs import Run, runs_of
from devsim.planner.shape import Shape
from devsim.policy.protocol import Policy
from devsim.simulation.evaluate import Evaluator


class ByHand(NamedTuple):
    """A run of a named policy."""

    hand: Hand
    cost: Cost
    run: Run
    shapes: tuple[Shape, ...] | None
    """The same as a plan could have it; None where only the policy itself can say it."""


def best_by_hand(
    every: Sequence[Hand], objective: Objective, cost: Cost, least: int, most: int
) -> ByHand | None:
    """The best run of any named policy under budgets of ``least`` to ``most``.

    None unless it costs less than ``cost``.
    """
    best = None
    for hand in every:
        for policy, run, reached in _runs(hand, objective, cost, least, most):
            if reached < cost:
                cost, best = reached, ByHand(hand, reached, run, hand.shapes(policy))
    return best


def _runs(
    hand: Hand, objective: Objective, cost: Cost, least: int, most: int
) -> Iterator[tuple[Policy, Run, Cost]]:
    """Runs that may cost less than so much, and what they cost, the largest budget first."""
    evaluator = Evaluator(hand.pipeline)
    while most >= least:
        policy = hand.under(most)
        read_bytes, least_ns = _least(hand.pipeline, policy)
        if cost_of(objective, read_bytes, least_ns) < cost:
            same_from = hand.same_from_bytes(least, most)
            for run in runs_of(evaluator, policy, same_from, most):
                yield policy, run, cost_of(objective, read_bytes, run.makespan_ns)
        elif not hand.only_fewer:
            same_from = hand.same_from_bytes(least, most)
        else:
            return
        most = same_from - 1


def _least(pipeline: Pipeline, policy: Policy) -> tuple[int, int]:
    """Bytes that a policy reads, and what its run takes at least under any budget.

    Either lane's work alone. A load that never is ahead of its compute overlaps with none, so it
    counts as work of both; unless it is of a chunk that is kept and not of the first iteration of
    all, so that a policy that keeps fewer does not take less. From their second iteration on,
    named policies have the same rules.
    """
    read_bytes = load_ns = compute_ns = last_ns = 0
    for number, stage in enumerate(pipeline.stages):
        again, opens = stage.iterations - 1, not stage.first_iteration
        rows = [policy.rules(number, each, len(stage.chunks)) for each in (0, min(1, again))]
        for chunk, first, later in zip(stage.chunks, *rows, strict=True):
            cost = chunk.cost
            first_ns = cost.cold_load_ns if opens else min(cost.cold_load_ns, cost.cached_load_ns)
            loads = 0 if first.keep else again
            read_bytes += (1 + loads) * cost.weight_bytes
            load_ns += first_ns + loads * cost.cached_load_ns
            compute_ns += stage.iterations * cost.compute_ns
            if not first.window and (opens or not first.keep):
                compute_ns += first_ns
            if not later.window:
                compute_ns += loads * cost.cached_load_ns
            last_ns = cost.compute_ns
    if pipeline.loaders > 1:
        return read_bytes, compute_ns
    return read_bytes, max(compute_ns, load_ns + last_ns)
