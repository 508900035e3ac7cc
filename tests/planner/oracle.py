"""The best schedule of a small profile, found by trying every one."""

from collections.abc import Iterator
from itertools import pairwise, product

from devsim.core.errors import InfeasibleBudgetError
from devsim.core.pipeline import Pipeline, Stage
from devsim.core.plan import Residency
from devsim.core.profile import Profile, StageProfile
from devsim.planner.infeasible import finest_cut
from devsim.planner.problem import problem_of
from devsim.planner.source import Problem
from devsim.policy.planned import Planned
from devsim.simulation.costs import chunk_of
from devsim.simulation.simulator import simulate
from devsim.simulation.workload import phases_of


def best_makespan_ns(profile: Profile, budget_bytes: int) -> int:
    """The shortest makespan over every cut, resident set and window of every stage."""
    problem = whole(profile, budget_bytes)
    best = None
    for choice in product(*(list(_ways(profile, stage)) for stage in profile.stages)):
        pipeline = problem.pipeline(tuple(stage for stage, _ in choice))
        policy = Planned(tuple(residency for _, residency in choice))
        try:
            makespan_ns = simulate(pipeline, policy, budget_bytes).makespan_ns
        except InfeasibleBudgetError:
            continue
        best = makespan_ns if best is None else min(best, makespan_ns)
    assert best is not None
    return best


def _ways(profile: Profile, stage: StageProfile) -> Iterator[tuple[Stage, Residency]]:
    count = len(stage.blocks)
    for cuts in product([False, True], repeat=count - 1):
        bounds = [0, *(n + 1 for n, cut in enumerate(cuts) if cut), count]
        groups = list(pairwise(bounds))
        made = Stage(
            name=stage.name,
            variant="v",
            iterations=stage.iterations,
            boundary_bytes=stage.boundary_bytes.bytes,
            chunks=tuple(chunk_of(profile, stage, group, "v") for group in groups),
        )
        for mask in range(2 ** len(groups) if stage.iterations > 1 else 1):
            resident = tuple(n for n in range(len(groups)) if mask >> n & 1)
            for window in range(len(groups) + 1):
                yield made, Residency(resident=resident, window=window)


def whole(profile: Profile, budget_bytes: int) -> Problem:
    """All stages, one phase each."""
    return problem_of(profile, budget_bytes, phases_of(profile, {}))


def one_block_a_chunk(profile: Profile) -> Pipeline:
    """The finest cut."""
    return finest_cut(whole(profile, 1))
