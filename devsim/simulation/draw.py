"""Durations drawn from measured samples, and what many runs with them come to."""

import random
from collections.abc import Sequence
from typing import NamedTuple

from devsim.core.errors import BadInputError
from devsim.core.pipeline import Chunk, Pipeline, Stage
from devsim.core.profile import Profile, Samples, StageProfile, Variant
from devsim.policy.protocol import Policy
from devsim.policy.timetable import costs_of
from devsim.simulation.costs import joined_ns, mean_ns
from devsim.simulation.durations import Durations
from devsim.simulation.evaluate import Evaluation, Evaluator

PERCENTILES = (5, 50, 90, 95, 99)


class Distribution(NamedTuple):
    """Percentiles of a figure over many runs."""

    p5: int
    p50: int
    p90: int
    p95: int
    p99: int


class Sampler:
    """Draws the duration of every load, compute and unload of a run from a profile's samples.

    Each is drawn on its own, each time it happens. It is drawn for every compute whether or not
    the policy loads then, so that runs with the same seed differ by policy alone.

    Args:
        profile: its samples.
        pipeline: made of that profile.

    Raises:
        BadInputError: the pipeline has a block or variant that the profile lacks.
    """

    def __init__(self, profile: Profile, pipeline: Pipeline) -> None:
        stages = {stage.name: stage for stage in profile.stages}
        self._fixed, self._dispatch = profile.load_fixed, profile.dispatch
        counts = [stage.iterations for stage in pipeline.stages]
        self._cold = costs_of(pipeline, counts).cold
        self._parts = [
            parts
            for stage in pipeline.stages
            for parts in [_parts(stages.get(stage.name), stage, chunk) for chunk in stage.chunks]
            * stage.iterations
        ]

    def durations(self, seed: int) -> Durations:
        """One run's durations; the same for the same seed."""
        rng = random.Random(seed)
        drawn = Durations([], [], [])
        for parts, cold in zip(self._parts, self._cold, strict=True):
            loads = [_draw(rng, part.cold_load if cold else part.cached_load) for part in parts]
            computes = [_draw(rng, part.compute) for part in parts]
            drawn.load_ns.append(joined_ns(loads, mean_ns(self._fixed)))
            drawn.compute_ns.append(joined_ns(computes, mean_ns(self._dispatch)))
            drawn.unload_ns.append(sum(_draw(rng, part.unload) for part in parts))
        return drawn


def many_runs(
    pipeline: Pipeline, policy: Policy, budget_bytes: int, sampler: Sampler, seeds: Sequence[int]
) -> list[Evaluation]:
    """Evaluate one run for each seed.

    Raises:
        InfeasibleBudgetError: the policy cannot keep the budget.
    """
    evaluator = Evaluator(pipeline)
    return [evaluator.evaluate(policy, budget_bytes, sampler.durations(seed)) for seed in seeds]


def distribution(figures: Sequence[int]) -> Distribution:
    """Percentiles by nearest rank: each is one of the figures."""
    ranked = sorted(figures)
    return Distribution(*(ranked[-(-len(ranked) * p // 100) - 1] for p in PERCENTILES))


def _draw(rng: random.Random, samples: Samples) -> int:
    return samples.ns[int(rng.random() * len(samples.ns))]


def _parts(profiled: StageProfile | None, stage: Stage, chunk: Chunk) -> list[Variant]:
    blocks = {block.name: block for block in profiled.blocks} if profiled else {}
    parts = []
    for name in chunk.blocks:
        variants = blocks[name].variants if name in blocks else {}
        wanted = [chunk.variant or stage.variant, *list(variants)[:1]]
        found = [variants[variant] for variant in wanted if variant in variants]
        if not found:
            raise BadInputError(
                f"the profile has no block {name} in stage {stage.name}",
                "name the profile that the plan was made of",
            )
        parts.append(found[0])
    return parts
