"""A profile taken at one size of the latent video, predicted at another.

Every part of a block's work grows with the latent's frames T and the area S of a frame in its own
way: linear layers and activations with ``T * S``, attention within a frame with ``T * S^2``, along
time with ``T^2 * S``, a caption's projections with neither. A compute is a fixed dispatch and its
work, each kind of which has its own speed when a calibration found one.
"""

import re
from collections.abc import Callable
from fractions import Fraction

from devsim.core.errors import BadInputError
from devsim.core.profile import (
    BlockProfile,
    Bytes,
    Profile,
    Samples,
    Source,
    StageProfile,
    Variant,
    Work,
)
from devsim.core.video import Latent, Video, video_of_latent

SCALED = "scaled"
"""The key of the source of every figure that scaling made."""

_LATENT = re.compile(r"latent (\d+)x(\d+)x(\d+)$")


def latent_of(profile: Profile) -> Latent:
    """The latent that a profile holds for.

    Raises:
        BadInputError: its shape does not end in ``latent TxHxW``.
    """
    found = _LATENT.search(profile.shape)
    if not found or not all(int(part) for part in found.groups()):
        raise BadInputError(
            f"the profile's shape '{profile.shape}' does not say which latent it holds for",
            "profile packages that were converted at a --latent",
        )
    frames, height, width = map(int, found.groups())
    return Latent(frames, height, width)


def profile_at(profile: Profile, video: Video | Latent) -> Profile:
    """Predict a profile at another size of the video; every changed figure is ``modelled``.

    Loads, weights and unloads do not change. Work does as its powers of frames and area say;
    activations and boundary tensors as the block's ``traffic`` does, and where none is listed, as
    its largest part of work.

    Args:
        profile: its blocks list their work (`with_work_of` adds it).
        video: the size to predict; a latent stands for the largest video that has it.

    Raises:
        BadInputError: the profile does not say its latent, or a block's work is not listed.
    """
    size = video if isinstance(video, Video) else video_of_latent(video)
    before, after = latent_of(profile), size.latent
    if before == after:
        return profile
    if min(after) < 1:
        raise BadInputError(f"{size.label} has an empty latent", "ask for a larger video")
    growth = _Growth(before, after)
    speeds = {fitted.name: fitted.value for fitted in profile.fitted}
    dispatch_ns = profile.dispatch.median_ns
    text = f"scaled from {profile.shape} by the work of every block"

    def stage_at(stage: StageProfile) -> StageProfile:
        blocks = tuple(
            _block_at(stage, block, growth, speeds, dispatch_ns) for block in stage.blocks
        )
        largest = max(
            (variant for block in stage.blocks for variant in block.variants.values()),
            key=lambda variant: variant.bytes_moved.bytes - variant.weight_bytes.bytes,
        )
        tensors_growth = growth.of_tensors(largest)
        return stage.model_copy(
            update={
                "iterations": _iterations(stage, growth),
                "boundary_bytes": _grown(stage.boundary_bytes, tensors_growth),
                "tensors": tuple(
                    each.model_copy(update={"bytes": round(each.bytes * tensors_growth)})
                    for each in stage.tensors
                ),
                "blocks": blocks,
            }
        )

    return profile.model_copy(
        update={
            "shape": size.label,
            "sources": {**profile.sources, SCALED: Source(provenance="modelled", text=text)},
            "stages": tuple(stage_at(stage) for stage in profile.stages),
        }
    )


def with_work_of(profile: Profile, counted: Profile) -> Profile:
    """List the work of blocks that lack it, as another profile of the same workload counted it.

    The other's amounts are taken to this profile's latent. A block that the other does not have,
    or of another weight, stays as it is.
    """
    at = counted if not is_work_missing(profile) else profile_at(counted, latent_of(profile))
    known = {
        (stage.name, block.name): block.variants for stage in at.stages for block in stage.blocks
    }

    def variant_of(stage: str, block: str, name: str, variant: Variant) -> Variant:
        like = known.get((stage, block), {}).get(name)
        if variant.work or like is None or not _same_weights(variant, like):
            return variant
        return variant.model_copy(update={"work": like.work})

    return _map_variants(profile, variant_of)


def is_work_missing(profile: Profile) -> bool:
    """Whether nobody counted the work of some block."""
    return any(
        not variant.work
        for stage in profile.stages
        for block in stage.blocks
        for variant in block.variants.values()
    )


def work_speed_name(unit: str, kind: str) -> str:
    """The name of the fitted parameter that is a compute unit's speed at one kind of work."""
    return f"{unit or 'compute'}_{kind}_per_s"


class _Growth:
    """From one latent to another."""

    def __init__(self, before: Latent, after: Latent) -> None:
        self.frames = Fraction(after.frames, before.frames)
        self.area = Fraction(after.rows * after.columns, before.rows * before.columns)

    def of(self, work: Work) -> Fraction:
        return self.frames**work.frames * self.area**work.area

    def of_tensors(self, variant: Variant) -> Fraction:
        """How a block's activations grow."""
        traffic = [work for work in variant.work if work.kind == "traffic"]
        parts = traffic or sorted(variant.work, key=lambda work: work.amount)[-1:]
        return self.of(parts[0]) if parts else Fraction(1)


def _iterations(stage: StageProfile, growth: _Growth) -> int:
    """A decoder's micro-batches follow the length; denoising steps do not."""
    if not stage.frames_per_iteration:
        return stage.iterations
    return max(1, -int(-stage.iterations * growth.frames // 1))


def _block_at(
    stage: StageProfile,
    block: BlockProfile,
    growth: _Growth,
    speeds: dict[str, float],
    dispatch_ns: int,
) -> BlockProfile:
    for name, variant in block.variants.items():
        if not variant.work:
            raise BadInputError(
                f"nobody counted the work of {stage.name} {block.name} {name}, "
                "so it cannot be predicted at another size",
                "profile it at that size",
            )
    return block.model_copy(
        update={
            "variants": {
                name: _variant_at(variant, growth, speeds, dispatch_ns)
                for name, variant in block.variants.items()
            }
        }
    )


def _variant_at(
    variant: Variant, growth: _Growth, speeds: dict[str, float], dispatch_ns: int
) -> Variant:
    work = tuple(
        part.model_copy(update={"amount": round(part.amount * growth.of(part))})
        for part in variant.work
    )
    slower = _relative_time(variant, work, speeds)
    tensors = growth.of_tensors(variant)
    weights = variant.weight_bytes.bytes
    moved = weights + round(max(0, variant.bytes_moved.bytes - weights) * tensors)
    return variant.model_copy(
        update={
            "work": work,
            "flops": sum(part.amount for part in work if part.kind != "traffic"),
            "activation_bytes": _grown(variant.activation_bytes, tensors),
            "bytes_moved": Bytes(bytes=moved, source=SCALED),
            "compute": Samples(
                ns=tuple(
                    min(ns, dispatch_ns) + round(max(0, ns - dispatch_ns) * slower)
                    for ns in variant.compute.ns
                ),
                warmup=variant.compute.warmup,
                source=SCALED,
            ),
        }
    )


def _relative_time(variant: Variant, work: tuple[Work, ...], speeds: dict[str, float]) -> float:
    """How many times longer ``work`` takes than the variant's own.

    Kinds without a known speed count at the speed of the linear layers; unknown traffic is free.
    """

    def speed(kind: str) -> float:
        known = speeds.get(work_speed_name(variant.unit, kind))
        return known or speeds.get(work_speed_name(variant.unit, "linear"), 1.0)

    def seconds(parts: tuple[Work, ...]) -> float:
        return sum(part.amount / speed(part.kind) for part in parts if counts(part.kind))

    def counts(kind: str) -> bool:
        return kind != "traffic" or work_speed_name(variant.unit, kind) in speeds

    before = seconds(variant.work)
    return seconds(work) / before if before else 1.0


def _grown(size: Bytes, growth: Fraction) -> Bytes:
    return Bytes(bytes=round(size.bytes * growth), source=SCALED)


def _same_weights(variant: Variant, like: Variant) -> bool:
    """Whether two packages hold the same parameters, give or take a package's own overhead."""
    sizes = variant.weight_bytes.bytes, like.weight_bytes.bytes
    return max(sizes) <= 1.02 * min(sizes)


def _map_variants(profile: Profile, change: Callable[[str, str, str, Variant], Variant]) -> Profile:
    """The profile with every variant changed, given its stage's, its block's and its own name."""
    return profile.model_copy(
        update={
            "stages": tuple(
                stage.model_copy(
                    update={
                        "blocks": tuple(
                            block.model_copy(
                                update={
                                    "variants": {
                                        name: change(stage.name, block.name, name, variant)
                                        for name, variant in block.variants.items()
                                    }
                                }
                            )
                            for block in stage.blocks
                        )
                    }
                )
                for stage in profile.stages
            )
        }
    )
