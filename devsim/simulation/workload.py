"""What is to be run: iterations and variants of every stage, and how each is cut into chunks."""

from collections.abc import Callable, Mapping, Sequence

from devsim.core.errors import BadInputError
from devsim.core.pipeline import Pipeline, Stage
from devsim.core.profile import Profile, Samples, StageProfile
from devsim.simulation.costs import chunk_of, lane_speeds, mean_ns

Phases = Mapping[str, Sequence[tuple[str, int]]]
"""By stage, each phase's variant and iterations, in order."""
Bounds = Sequence[tuple[int, int]]
"""Each chunk's first block, and the one after its last."""

TDTM = "tdtm"
_DENOISERS = ("stdit", "transformer")


def phases_of(
    profile: Profile,
    iterations: Mapping[str, int],
    *,
    steps: int | None = None,
    lpl_step: int | None = None,
    tdtm_steps: int = 0,
) -> dict[str, list[tuple[str, int]]]:
    """The phases of every stage.

    Args:
        profile: its stages' iterations and variants.
        iterations: by stage, where they differ from the profile's.
        steps: denoising steps, where they differ.
        lpl_step: the step, counted from 0, that leaps over all later ones (Linear Proportional
            Leap): the denoiser is called once more than that. A step that is never reached leaps
            over nothing.
        tdtm_steps: so many denoising steps, from the first, use the variant ``tdtm`` (Temporal
            Dimension Token Merging); after a leap there are none left to use it.

    Raises:
        BadInputError: there is no such stage, no denoiser, or no variant ``tdtm`` of it.
    """
    known = [stage.name for stage in profile.stages]
    for name in iterations:
        if name not in known:
            raise BadInputError(
                f"the profile has no stage '{name}'", f"its stages are: {', '.join(known)}"
            )
    phases = {
        stage.name: [(default_variant(stage), iterations.get(stage.name, stage.iterations))]
        for stage in profile.stages
    }
    if steps is not None or lpl_step is not None or tdtm_steps:
        stage = _denoiser(profile)
        variant, calls = phases[stage.name][0]
        calls = calls if steps is None else steps
        calls = calls if lpl_step is None else min(calls, lpl_step + 1)
        merged = min(calls, tdtm_steps)
        if merged and not any(TDTM in block.variants for block in stage.blocks):
            raise BadInputError(
                f"the profile has no variant '{TDTM}' of stage {stage.name}",
                "leave --tdtm-steps out, or name a profile that has it",
            )
        parts = [(TDTM, merged), (variant, calls - merged)]
        phases[stage.name] = [(name, count) for name, count in parts if count]
    return phases


def default_variant(stage: StageProfile) -> str:
    """The first variant of the stage's first block."""
    return next(iter(stage.blocks[0].variants))


def pipeline_for(
    profile: Profile,
    phases: Phases,
    cut: Callable[[StageProfile], Bounds],
    *,
    loaders: int = 1,
    typical: Callable[[Samples], int] = mean_ns,
) -> Pipeline:
    """A profile's stages in their phases, cut into chunks.

    Args:
        profile: what every block costs.
        phases: by stage.
        cut: where a stage's chunks begin and end.
        loaders: loads that may run at once.
        typical: one duration for the samples of an activity, in nanoseconds.
    """
    return Pipeline(
        workload=profile.workload,
        baseline_bytes=profile.baseline_bytes.bytes,
        contended=lane_speeds(profile.contention),
        units={unit: lane_speeds(each) for unit, each in profile.units.items()},
        loaders=loaders,
        stages=tuple(
            _phase(profile, stage, phases[stage.name], number, cut(stage), typical)
            for stage in profile.stages
            for number in range(len(phases[stage.name]))
        ),
    )


def _phase(
    profile: Profile,
    stage: StageProfile,
    phases: Sequence[tuple[str, int]],
    number: int,
    bounds: Bounds,
    typical: Callable[[Samples], int],
) -> Stage:
    variant, iterations = phases[number]
    default = default_variant(stage)
    return Stage(
        name=stage.name,
        variant=variant,
        iterations=iterations,
        first_iteration=sum(count for _, count in phases[:number]),
        boundary_bytes=stage.boundary_bytes.bytes,
        unit=stage.unit,
        chunks=tuple(chunk_of(profile, stage, each, variant, default, typical) for each in bounds),
    )


def _denoiser(profile: Profile) -> StageProfile:
    for stage in profile.stages:
        if stage.name in _DENOISERS:
            return stage
    raise BadInputError(
        "the profile has no denoiser that steps, leaps and merging could apply to",
        "give iterations by stage with --iterations STAGE=N",
    )
