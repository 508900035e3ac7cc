"""From a profile and what is asked for to a problem."""

from collections.abc import Mapping, Sequence

from devsim.core.errors import BadInputError
from devsim.core.profile import Profile, StageProfile
from devsim.planner.source import Problem, StageSource
from devsim.simulate.costs import chunk_of, lane_speeds

Phases = Mapping[str, Sequence[tuple[str, int]]]
"""By stage, each phase's variant and iterations, in order."""


def problem_of(profile: Profile, budget_bytes: int, phases: Phases) -> Problem:
    """A problem with every block at its median cost."""
    return Problem(
        workload=profile.workload,
        baseline_bytes=profile.baseline_bytes.bytes,
        contended=lane_speeds(profile.contention),
        units={unit: lane_speeds(each) for unit, each in profile.units.items()},
        loaders=1,
        budget_bytes=budget_bytes,
        stages=tuple(
            source
            for stage in profile.stages
            for source in _phases(profile, stage, phases[stage.name])
        ),
        held_boundary_bytes=max(stage.boundary_bytes.bytes for stage in profile.stages),
    )


def default_phases(profile: Profile, iterations: Mapping[str, int]) -> Phases:
    """One phase a stage, in its default variant.

    Raises:
        BadInputError: iterations are asked for of a stage that the profile does not have.
    """
    names = [stage.name for stage in profile.stages]
    for name in iterations:
        if name not in names:
            raise BadInputError(
                f"the profile has no stage '{name}'", f"its stages are: {', '.join(names)}"
            )
    return {
        stage.name: ((variants_of(stage)[0], iterations.get(stage.name, stage.iterations)),)
        for stage in profile.stages
    }


def variants_of(stage: StageProfile) -> list[str]:
    """The variants of a stage, the default first."""
    found = dict.fromkeys(name for block in stage.blocks for name in block.variants)
    return list(found)


def _phases(
    profile: Profile, stage: StageProfile, phases: Sequence[tuple[str, int]]
) -> list[StageSource]:
    first, made = 0, []
    for variant, iterations in phases:
        made.append(_source(profile, stage, variant, iterations, first))
        first += iterations
    return made


def _source(
    profile: Profile, stage: StageProfile, variant: str, iterations: int, first: int
) -> StageSource:
    default = variants_of(stage)[0]
    own = [variant if variant in block.variants else default for block in stage.blocks]
    return StageSource(
        name=stage.name,
        variant=variant,
        iterations=iterations,
        first_iteration=first,
        boundary_bytes=stage.boundary_bytes.bytes,
        unit=stage.unit,
        load_fixed_ns=profile.load_fixed.median_ns,
        dispatch_ns=profile.dispatch.median_ns,
        blocks=tuple(block.name for block in stage.blocks),
        costs=tuple(
            chunk_of(profile, [block], each).cost
            for block, each in zip(stage.blocks, own, strict=True)
        ),
        variants=tuple(own),
    )
