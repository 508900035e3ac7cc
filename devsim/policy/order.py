"""The order of computes, and which of them find their chunk already loaded."""

from collections.abc import Sequence
from itertools import groupby

from devsim.core.pipeline import Pipeline
from devsim.policy.protocol import Policy, Position


def positions(pipeline: Pipeline) -> list[Position]:
    """Every compute of a run, in order."""
    steps = (
        (stage_number, iteration, chunk)
        for stage_number, stage in enumerate(pipeline.stages)
        for iteration in range(stage.iterations)
        for chunk in range(len(stage.chunks))
    )
    return [Position(number, *step) for number, step in enumerate(steps)]


def kept_before(policy: Policy, order: Sequence[Position]) -> list[bool]:
    """For each compute of a run, whether its chunk has stayed loaded since the iteration before."""
    kept: list[bool] = []
    for (stage, iteration), group in groupby(order, key=lambda at: (at.stage, at.iteration)):
        count = sum(1 for _ in group)
        if iteration == 0:
            kept += [False] * count
        else:
            kept += [rule.keep for rule in policy.rules(stage, iteration - 1, count)]
    return kept
