"""The search: chunk size, residents and window of each stage."""

from collections.abc import Iterator
from typing import NamedTuple

from devsim.core.pipeline import Pipeline, Stage
from devsim.core.plan import Residency
from devsim.core.profile import Profile, StageProfile
from devsim.planner.cut import cut_stage, pipeline_of
from devsim.policy.feasible import needed_bytes
from devsim.policy.planned import Planned, spread
from devsim.simulate.simulator import simulate

_STEADY_AFTER = 3
"""Iterations simulated for a candidate; the steady state repeats from the second on."""
_WINDOWS = (1, 2, 4, 8)
_WORTHWHILE = 0.999
"""A candidate whose own bound is not at least this much below the best is not simulated."""


class Candidate(NamedTuple):
    """One way to run a stage."""

    stage: Stage
    residency: Residency


class _Scored(NamedTuple):
    bound_ns: int
    candidate: Candidate


def best_for_stage(
    profile: Profile, stage: StageProfile, iterations: int, budget_bytes: int
) -> Candidate | None:
    """The fastest uniform cut, spread residency and window; None when nothing fits."""
    scored = sorted(
        _candidates(profile, stage, iterations, budget_bytes), key=lambda each: each.bound_ns
    )
    best: Candidate | None = None
    best_ns = 0
    for bound_ns, candidate in scored:
        if best and bound_ns > best_ns * _WORTHWHILE:
            break
        makespan_ns = _steady_makespan_ns(profile, candidate, budget_bytes)
        if best is None or makespan_ns < best_ns:
            best, best_ns = candidate, makespan_ns
    return best


def _candidates(
    profile: Profile, stage: StageProfile, iterations: int, budget_bytes: int
) -> Iterator[_Scored]:
    for size in _chunk_sizes(len(stage.blocks)):
        cut = cut_stage(profile, stage, size, iterations)
        pipeline = pipeline_of(profile, (cut,))
        most = len(cut.chunks) if iterations > 1 else 0
        for count in range(most, -1, -1):
            resident = spread(count, len(cut.chunks)) if count else ()
            policy = Planned((Residency(resident=resident, window=0),))
            if needed_bytes(_few_iterations(pipeline), policy)[0] > budget_bytes:
                continue
            bound_ns = _bound_ns(cut, frozenset(resident))
            for window in _WINDOWS:
                yield _Scored(bound_ns, Candidate(cut, Residency(resident=resident, window=window)))


def _chunk_sizes(blocks: int) -> list[int]:
    """Every size that gives another number of chunks."""
    return sorted({-(-blocks // count) for count in range(1, blocks + 1)})


def _bound_ns(stage: Stage, resident: frozenset[int]) -> int:
    """A makespan this cut and residency cannot beat."""
    costs = [chunk.cost for chunk in stage.chunks]
    compute_ns = stage.iterations * sum(cost.compute_ns for cost in costs)
    streamed_ns = sum(c.cached_load_ns for n, c in enumerate(costs) if n not in resident)
    first_ns = sum(cost.cold_load_ns for cost in costs)
    load_ns = first_ns + (stage.iterations - 1) * streamed_ns
    return max(costs[0].cold_load_ns + compute_ns, load_ns + costs[-1].compute_ns)


def _steady_makespan_ns(profile: Profile, candidate: Candidate, budget_bytes: int) -> int:
    """The makespan, from a few simulated iterations and the period of the last one."""
    policy = Planned((candidate.residency,))
    iterations = candidate.stage.iterations

    def makespan_ns(count: int) -> int:
        stage = candidate.stage.model_copy(update={"iterations": count})
        pipeline = pipeline_of(profile, (stage,))
        return simulate(pipeline, policy, budget_bytes).makespan_ns

    if iterations <= _STEADY_AFTER:
        return makespan_ns(iterations)
    few = makespan_ns(_STEADY_AFTER)
    return few + (iterations - _STEADY_AFTER) * (few - makespan_ns(_STEADY_AFTER - 1))


def _few_iterations(pipeline: Pipeline) -> Pipeline:
    """The least run that holds as much as the whole one: first, steady and last iteration."""
    stages = tuple(
        stage.model_copy(update={"iterations": min(stage.iterations, _STEADY_AFTER)})
        for stage in pipeline.stages
    )
    return pipeline.model_copy(update={"stages": stages})
