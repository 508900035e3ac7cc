"""The order of computes, and which of them find their chunk already loaded."""

from collections.abc import Sequence

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
    """For each compute, whether its chunk has stayed loaded since the iteration before."""
    latest: dict[tuple[int, int], Position] = {}
    kept = []
    for at in order:
        before = latest.get((at.stage, at.chunk))
        kept.append(before is not None and policy.keeps(before))
        latest[at.stage, at.chunk] = at
    return kept
