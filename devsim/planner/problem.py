"""From a profile and what is asked for to a problem."""

from collections.abc import Callable, Sequence

from devsim.core.profile import Profile, Samples, StageProfile
from devsim.planner.source import Problem, StageSource
from devsim.simulation.costs import chunk_of, lane_speeds, mean_ns
from devsim.simulation.workload import Phases, default_variant


def problem_of(
    profile: Profile,
    budget_bytes: int,
    phases: Phases,
    *,
    loaders: int = 1,
    typical: Callable[[Samples], int] = mean_ns,
) -> Problem:
    """A problem whose blocks cost what their profile says.

    Args:
        profile: what every block costs.
        budget_bytes: what may be held.
        phases: variants and iterations by stage.
        loaders: loads that may run at once.
        typical: one duration for the samples of an activity, in nanoseconds.
    """
    return Problem(
        workload=profile.workload,
        baseline_bytes=profile.baseline_bytes.bytes,
        contended=lane_speeds(profile.contention),
        units={unit: lane_speeds(each) for unit, each in profile.units.items()},
        loaders=loaders,
        budget_bytes=budget_bytes,
        stages=tuple(
            source
            for stage in profile.stages
            for source in _phases(profile, stage, phases[stage.name], typical)
        ),
        held_boundary_bytes=max(stage.boundary_bytes.bytes for stage in profile.stages),
    )


def _phases(
    profile: Profile,
    stage: StageProfile,
    phases: Sequence[tuple[str, int]],
    typical: Callable[[Samples], int],
) -> list[StageSource]:
    first, made = 0, []
    for variant, iterations in phases:
        made.append(_source(profile, stage, variant, iterations, first, typical))
        first += iterations
    return made


def _source(
    profile: Profile,
    stage: StageProfile,
    variant: str,
    iterations: int,
    first: int,
    typical: Callable[[Samples], int],
) -> StageSource:
    default = default_variant(stage)
    own = [variant if variant in block.variants else default for block in stage.blocks]
    return StageSource(
        name=stage.name,
        variant=variant,
        iterations=iterations,
        first_iteration=first,
        boundary_bytes=stage.boundary_bytes.bytes,
        unit=stage.unit,
        load_fixed_ns=typical(profile.load_fixed),
        dispatch_ns=typical(profile.dispatch),
        blocks=tuple(block.name for block in stage.blocks),
        costs=tuple(
            chunk_of(profile, stage, (n, n + 1), each, default, typical).cost
            for n, each in enumerate(own)
        ),
        variants=tuple(own),
        tensors=stage.tensors,
    )
