"""What packages cost on a device of given parameters: the formulas that a calibration fits."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from devsim.calibration.parameters import (
    COLD_RATE,
    COMPUTE_CONTENTION,
    DISPATCH,
    LOAD_CONTENTION,
    LOAD_FIXED,
    LOAD_RATE,
)
from devsim.core.profile import (
    BlockProfile,
    Contention,
    Profile,
    Samples,
    StageProfile,
    Variant,
)
from devsim.core.scaling import work_speed_name
from devsim.core.units import NS_PER_S

CALIBRATED = "calibrated"
"""The key of the source of every figure that a calibration made."""


class Costs(NamedTuple):
    """What one package costs alone, in seconds."""

    cold_load_s: float
    cached_load_s: float
    compute_s: float


def costs_of(variant: Variant, values: Mapping[str, float]) -> Costs:
    """Loads grow with bytes, computes with work.

    - cached load = ``load_fixed_s`` + bytes on disk / ``load_bytes_per_s``
    - cold load = cached load + bytes held / ``cold_bytes_per_s``
    - compute = ``dispatch_s`` + the sum over kinds of work of FLOPs / the unit's speed at it
    """
    cached_s = values[LOAD_FIXED] + variant.weight_bytes.bytes / values[LOAD_RATE]
    return Costs(
        cold_load_s=cached_s + variant.resident_bytes.bytes / values[COLD_RATE],
        cached_load_s=cached_s,
        compute_s=values[DISPATCH]
        + sum(
            work.amount / values[work_speed_name(variant.unit, work.kind)]
            for work in variant.work
            if work.kind != "traffic"
        ),
    )


def with_costs(profile: Profile, values: Mapping[str, float]) -> Profile:
    """The profile with every load and compute that was not measured as the parameters say."""
    measured = {key for key, source in profile.sources.items() if source.provenance == "measured"}

    def either(old: Samples, seconds: float) -> Samples:
        return old if old.source in measured else _samples(seconds)

    def priced(variant: Variant) -> Variant:
        costs = costs_of(variant, values)
        return variant.model_copy(
            update={
                "cold_load": either(variant.cold_load, costs.cold_load_s),
                "cached_load": either(variant.cached_load, costs.cached_load_s),
                "compute": either(variant.compute, costs.compute_s)
                if variant.work
                else variant.compute,
            }
        )

    contention = profile.contention
    if contention.source not in measured:
        contention = Contention(
            load_slowdown=1 + values[LOAD_CONTENTION],
            compute_slowdown=1 + values[COMPUTE_CONTENTION],
            load_beside_load=contention.load_beside_load,
            source=CALIBRATED,
        )
    return profile.model_copy(
        update={
            "load_fixed": either(profile.load_fixed, values[LOAD_FIXED]),
            "dispatch": either(profile.dispatch, values[DISPATCH]),
            "contention": contention,
            "stages": tuple(
                stage.model_copy(
                    update={
                        "blocks": tuple(
                            block.model_copy(
                                update={
                                    "variants": {
                                        name: priced(variant)
                                        for name, variant in block.variants.items()
                                    }
                                }
                            )
                            for block in stage.blocks
                        )
                    }
                )
                for stage in profile.stages
            ),
        }
    )


def one_variant(profile: Profile, stages: Collection[str], variant: str | None) -> Profile:
    """Only some stages of a profile, and of their blocks only the variant that a run uses."""

    def only(block: BlockProfile, default: str) -> BlockProfile:
        name = variant if variant and variant in block.variants else default
        return block.model_copy(update={"variants": {default: block.variants[name]}})

    def reduced(stage: StageProfile) -> StageProfile:
        default = next(iter(stage.blocks[0].variants))
        blocks = tuple(only(block, default) for block in stage.blocks)
        return stage.model_copy(update={"blocks": blocks})

    chosen = tuple(reduced(stage) for stage in profile.stages if stage.name in stages)
    return profile.model_copy(update={"stages": chosen})


def _samples(seconds: float) -> Samples:
    return Samples(ns=(round(seconds * NS_PER_S),), source=CALIBRATED)
