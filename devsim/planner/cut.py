"""Cutting a profile's stages into chunks of one size."""

from devsim.core.errors import BadInputError
from devsim.core.pipeline import Pipeline, Stage
from devsim.core.profile import Profile, StageProfile
from devsim.simulate.costs import chunk_of, lane_speeds


def cut_stage(profile: Profile, stage: StageProfile, size: int, iterations: int) -> Stage:
    """A stage in chunks of ``size`` consecutive blocks, the last one perhaps smaller."""
    variant = next(iter(stage.blocks[0].variants))
    groups = [stage.blocks[at : at + size] for at in range(0, len(stage.blocks), size)]
    return Stage(
        name=stage.name,
        variant=variant,
        iterations=iterations,
        boundary_bytes=stage.boundary_bytes.bytes,
        chunks=tuple(chunk_of(profile, group, variant) for group in groups),
    )


def pipeline_of(profile: Profile, stages: tuple[Stage, ...]) -> Pipeline:
    """Cut stages as a pipeline, with the profile's baseline and contention."""
    return Pipeline(
        workload=profile.workload,
        baseline_bytes=profile.baseline_bytes.bytes,
        contended=lane_speeds(profile.contention),
        stages=stages,
    )


def iterations_of(profile: Profile, asked: dict[str, int]) -> dict[str, int]:
    """Iterations by stage: the profile's, or what was asked for.

    Raises:
        BadInputError: a stage is asked for that the profile does not have.
    """
    names = [stage.name for stage in profile.stages]
    for name in asked:
        if name not in names:
            raise BadInputError(
                f"the profile has no stage '{name}'", f"its stages are: {', '.join(names)}"
            )
    return {stage.name: asked.get(stage.name, stage.iterations) for stage in profile.stages}
