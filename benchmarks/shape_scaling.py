"""How well one shape predicts another: one full-width STDiT pair measured at several latents.

    for L in 4x8x8 8x8x8 4x16x16 8x16x16 16x16x16; do
        devsim convert open-sora-v1.2 --stage stdit --depth 1 --latent $L -o pair_$L
    done
    python benchmarks/shape_scaling.py pair_*

The packages stay loaded and take turns, so that a busy machine slows all of them alike. Predicted
times are ``devsim.core.scaling.profile_at``'s: from one shape alone by FLOPs, and with the speeds
that ``calibrate`` finds from the smallest and the largest.
"""

import statistics
import sys
import time
from pathlib import Path

from devsim.calibration.calibration import calibrate, calibrated_profile
from devsim.core.manifest import MANIFEST_NAME, Manifest
from devsim.core.profile import BlockProfile, Profile, Samples
from devsim.core.scaling import latent_of, profile_at
from devsim.core.shipped import profile_path, with_shipped_work
from devsim.execute.tensors import random_inputs
from devsim.runtime.choose import open_runtime

ROUNDS = 7
BLOCK = "st_00"


def measure(folders: list[Path]) -> dict[str, list[int]]:
    """Nanoseconds of every compute by the folder's shape."""
    runtime = open_runtime("reference", threads=1)
    ready = {}
    for folder in folders:
        manifest = Manifest.read(folder / MANIFEST_NAME)
        stage = next(stage for stage in manifest.stages if stage.name == "stdit")
        block = next(block for block in stage.blocks if block.name == BLOCK)
        ready[manifest.shape] = runtime.load(folder / block.package), random_inputs(block)
    taken: dict[str, list[int]] = {shape: [] for shape in ready}
    for number in range(ROUNDS + 1):
        for shape, (model, inputs) in ready.items():
            started = time.monotonic_ns()
            model.predict(inputs)
            if number:  # the first round warms up
                taken[shape].append(time.monotonic_ns() - started)
    return taken


def profile_of(shape: str, taken: list[int]) -> Profile:
    """A profile of the one block at a shape: the shipped one of this kind of machine, re-timed."""
    counted = Profile.read(profile_path("open-sora-v1.2", "iphone15pro"))
    stage = next(stage for stage in counted.stages if stage.name == "stdit")
    variant = next(block for block in stage.blocks if block.name == BLOCK).variants["fp32"]
    base = Profile.read(profile_path("open-sora-v1.2", "linux-x86_64-2cpu"))
    only = BlockProfile(name=BLOCK, variants={"fp32": variant.model_copy(update={"unit": ""})})
    scaled = profile_at(
        counted.model_copy(
            update={
                "fitted": (),
                "dispatch": base.dispatch,
                "stages": (stage.model_copy(update={"blocks": (only,)}),),
            }
        ),
        latent_of(base.model_copy(update={"shape": shape})),
    )
    block = scaled.stages[0].blocks[0]
    timed = block.variants["fp32"].model_copy(
        update={"compute": Samples(ns=tuple(taken), source="run")}
    )
    stages = (
        scaled.stages[0].model_copy(
            update={"blocks": (block.model_copy(update={"variants": {"fp32": timed}}),)}
        ),
    )
    sources = {**scaled.sources, **base.sources}
    return with_shipped_work(scaled.model_copy(update={"stages": stages, "sources": sources}))


def compute_s(profile: Profile) -> float:
    """The block's median compute in seconds."""
    return profile.stages[0].blocks[0].variants["fp32"].compute.median_ns / 1e9


def main() -> None:
    """Measure, predict and print one table."""
    taken = measure([Path(name) for name in sys.argv[1:]])
    profiles = {shape: profile_of(shape, ns) for shape, ns in taken.items()}
    order = sorted(profiles, key=lambda shape: latent_of(profiles[shape]).tokens)
    first, last = profiles[order[0]], profiles[order[-1]]
    found = calibrate(first, others=(last,))
    fitted = calibrated_profile(first, found, "the smallest and the largest")
    print("latent    measured   spread  by FLOPs   error   two shapes   error")
    for shape in order:
        latent = latent_of(profiles[shape])
        real = compute_s(profiles[shape])
        low, high = statistics.quantiles(taken[shape], n=4)[::2]
        plain, better = (compute_s(profile_at(each, latent)) for each in (first, fitted))
        print(
            f"{'x'.join(map(str, latent)):9} {real:7.3f} s {(high - low) / 1e9 / real:7.1%} "
            f"{plain:7.3f} s {plain / real - 1:+7.1%} {better:9.3f} s {better / real - 1:+7.1%}"
        )
    for each in found.estimates:
        print(f"{each.parameter.name}: {each.value:.3g} ({each.low:.3g} .. {each.high:.3g})")
    for sentence in found.left_open:
        print(sentence)


if __name__ == "__main__":
    main()
