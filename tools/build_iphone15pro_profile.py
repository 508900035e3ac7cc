"""Builds the shipped profile of Open-Sora 1.2 on the iPhone 15 Pro.

Sizes and work come from the architectures by arithmetic; latencies from published totals, by
devsim's calibration. Nothing ran on an iPhone.

    python tools/build_iphone15pro_profile.py TOTALS OUTPUT

TOTALS: profiles/open-sora-v1.2/iphone15pro-published.toml.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from open_sora_blocks import BlockFacts, stdit_pairs, stdit_part1, stdit_part2, t5_blocks
from open_sora_decoders import spatial_blocks, temporal_blocks, temporal_iterations

from devsim.calibration.calibration import calibrate, calibrated_profile
from devsim.calibration.totals import Totals
from devsim.core.profile import (
    BlockProfile,
    Bytes,
    Contention,
    Profile,
    Samples,
    Source,
    StageProfile,
    Variant,
)
from devsim.core.units import NS_PER_S
from devsim.core.video import MICRO_FRAMES, MICRO_LATENTS, Video

VIDEO = Video(frames=68, height=256, width=256)
STEPS = 30
FLOAT_BYTES = 4
UNLOAD_S = 0.05
BASELINE_BYTES = 200_000_000

SOURCES = {
    "size": Source(
        provenance="modelled",
        text="the architecture's parameters, T5's as int8, the rest as fp32; the denoiser's as in "
        "weight.bin of a full-width conversion",
    ),
    "tensors": Source(provenance="modelled", text="the packages' inputs and outputs, fp32"),
    "activation": Source(
        provenance="modelled",
        text="the denoiser's as the reference runtime measures it for full-width blocks at this "
        "shape; the others' from their largest tensors",
    ),
    "resident": Source(
        provenance="modelled",
        text="weights are held once while loaded, as fp32: int8 weights are widened at the load, "
        "for T5's loads take as long for each fp32 byte as the denoiser's first loads",
    ),
    "transient": Source(
        provenance="modelled",
        text="assumed: a load holds the weights as they are on disk a second time while it copies "
        "them; coremltools issue 2503 reports transients larger than what stays",
    ),
    "assumed": Source(provenance="modelled", text="assumed; no figure is published"),
}


def uncalibrated() -> Profile:
    """Everything but the durations."""
    latent = VIDEO.latent
    pairs, merged = tuple(stdit_pairs(latent, 1)), tuple(stdit_pairs(latent, 2))
    spatial_batches = MICRO_FRAMES * temporal_iterations(latent) // 4
    frame_bytes = 3 * VIDEO.height * VIDEO.width * FLOAT_BYTES
    denoiser = (
        _block("stdit", stdit_part1(latent), "fp32"),
        *(
            _with_other(_block("stdit", pair, "fp32"), "tdtm", _block("stdit", other, "tdtm"))
            for pair, other in zip(pairs, merged, strict=True)
        ),
        _block("stdit", stdit_part2(latent), "fp32"),
    )
    return Profile(
        schema_version=1,
        workload="open-sora-v1.2",
        device="iphone15pro",
        size="full",
        shape=VIDEO.label,
        environment={"made_by": "tools/build_iphone15pro_profile.py; nothing ran on an iPhone"},
        sources=SOURCES,
        baseline_bytes=Bytes(bytes=BASELINE_BYTES, source="assumed"),
        load_fixed=_unknown(),
        dispatch=_unknown(),
        contention=Contention(load_slowdown=1, compute_slowdown=1, source="assumed"),
        stages=(
            _stage("t5", 1, _tensors(t5_blocks()), _blocks("t5", t5_blocks(), "int8")),
            _stage("stdit", STEPS, _tensors(pairs), denoiser),
            _stage(
                "vae_temporal",
                temporal_iterations(latent),
                4 * latent.frames * latent.height * latent.width * FLOAT_BYTES,
                _blocks("vae_temporal", temporal_blocks(latent), "fp32"),
                MICRO_LATENTS,
            ),
            _stage(
                "vae_spatial",
                spatial_batches,
                VIDEO.frames * frame_bytes,
                _blocks("vae_spatial", spatial_blocks(latent), "fp32"),
                latent.frames / spatial_batches,
            ),
        ),
    )


def _stage(
    name: str,
    iterations: int,
    boundary_bytes: int,
    blocks: tuple[BlockProfile, ...],
    frames_per_iteration: float = 0,
) -> StageProfile:
    return StageProfile(
        name=name,
        iterations=iterations,
        frames_per_iteration=frames_per_iteration,
        boundary_bytes=Bytes(bytes=boundary_bytes, source="tensors"),
        blocks=blocks,
    )


def _tensors(facts: Iterable[BlockFacts]) -> int:
    """What flows from block to block; a decoder's larger tensors count with its activations."""
    return max(each.tensor_bytes for each in facts)


def _blocks(stage: str, facts: Iterable[BlockFacts], variant: str) -> tuple[BlockProfile, ...]:
    return tuple(_block(stage, each, variant) for each in facts)


def _block(stage: str, facts: BlockFacts, variant: str) -> BlockProfile:
    folder = stage if variant in ("fp32", "int8") else f"{stage}/{variant}"
    made = Variant(
        package=f"{folder}/{facts.name}.mlpackage",
        digest="",
        weight_bytes=Bytes(bytes=facts.weight_bytes, source="size"),
        resident_bytes=Bytes(
            bytes=max(facts.weight_bytes, FLOAT_BYTES * facts.parameters), source="resident"
        ),
        transient_bytes=Bytes(bytes=facts.weight_bytes, source="transient"),
        activation_bytes=Bytes(bytes=facts.activation_bytes, source="activation"),
        bytes_moved=Bytes(bytes=facts.weight_bytes + facts.tensor_bytes, source="tensors"),
        flops=sum(work.amount for work in facts.work if work.kind != "traffic"),
        work=facts.work,
        unit=facts.unit,
        cold_load=_unknown(),
        cached_load=_unknown(),
        unload=Samples(ns=(round(UNLOAD_S * NS_PER_S),), source="assumed"),
        compute=_unknown(),
    )
    return BlockProfile(name=facts.name, variants={variant: made})


def _with_other(block: BlockProfile, name: str, other: BlockProfile) -> BlockProfile:
    return block.model_copy(update={"variants": {**block.variants, **other.variants}})


def _unknown() -> Samples:
    return Samples(ns=(0,), source="assumed")


if __name__ == "__main__":
    totals, output = (Path(name) for name in sys.argv[1:])
    read = Totals.read(totals)
    base = uncalibrated()
    calibrated_profile(base, calibrate(base, read), read.title).write(output, force=True)
