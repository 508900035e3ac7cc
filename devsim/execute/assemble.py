"""From the measurements of a folder's packages to its profile."""

from devsim.core.manifest import Block, Manifest, StageManifest
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
from devsim.core.units import format_bytes
from devsim.execute.contention import Slowdowns
from devsim.execute.joining import Joining
from devsim.execute.measure import Effort, Measurement
from devsim.execute.tensors import boundary_tensors, external_bytes, port_bytes

MARGIN_BYTES = 3_000_000
"""By which one process holds more than the next that does the same, at most as far as was seen."""

_RUN, _PACKAGE, _UNJOINED, _JOINED = "run", "package", "unjoined", "joined"
_BASELINE = "baseline"


def assemble(
    manifest: Manifest,
    measured: dict[str, Measurement],
    contended: Slowdowns,
    baseline_bytes: int,
    environment: dict[str, str],
    effort: Effort,
    joining: Joining | None = None,
) -> Profile:
    """Put measurements together as a profile.

    Args:
        manifest: of the folder that was measured.
        measured: by package digest.
        contended: how loads and computes slow each other down.
        baseline_bytes: footprint of the process with nothing loaded; the profile has a margin on
            top, as a run with a budget that is just enough has another process.
        environment: facts of the machine and the runtime; has ``device``.
        effort: how often each package was measured.
        joining: what joined packages save; None where there are none.
    """
    saved = joining or Joining((0,), (0,))
    joined_source = _JOINED if joining else _UNJOINED
    return Profile(
        schema_version=1,
        workload=manifest.workload,
        device=environment["device"],
        size=manifest.size,
        shape=manifest.shape,
        environment=environment,
        sources=_sources(manifest, environment),
        baseline_bytes=Bytes(bytes=baseline_bytes + MARGIN_BYTES, source=_BASELINE),
        load_fixed=Samples(ns=saved.load_fixed_ns, source=joined_source),
        dispatch=Samples(ns=saved.dispatch_ns, source=joined_source),
        contention=Contention(
            load_slowdown=contended.load, compute_slowdown=contended.compute, source=_RUN
        ),
        stages=tuple(_stage(stage, measured, effort) for stage in manifest.stages),
    )


def _sources(manifest: Manifest, environment: dict[str, str]) -> dict[str, Source]:
    runtime, device = environment["runtime"], environment["device"]
    return {
        _RUN: Source(
            provenance="measured",
            text=f"runtime {runtime} on {device}, each package alone; weights: {manifest.weights}",
        ),
        _BASELINE: Source(
            provenance="measured",
            text="the most that the process held with nothing loaded, and a margin of "
            f"{format_bytes(MARGIN_BYTES)}, as no two processes hold the same",
        ),
        _PACKAGE: Source(provenance="measured", text="sizes of the package's files and tensors"),
        _UNJOINED: Source(
            provenance="modelled",
            text="a chunk runs as its blocks' packages one after another: joining saves nothing",
        ),
        _JOINED: Source(
            provenance="measured",
            text="blocks' packages one by one, less their joined package, by each block after the "
            "first",
        ),
    }


def _stage(stage: StageManifest, measured: dict[str, Measurement], effort: Effort) -> StageProfile:
    variants = {stage.precision: stage.blocks, **stage.alternatives}
    return StageProfile(
        name=stage.name,
        iterations=stage.iterations,
        boundary_bytes=Bytes(bytes=external_bytes(stage.blocks), source=_PACKAGE),
        tensors=boundary_tensors(stage.blocks),
        blocks=tuple(
            BlockProfile(
                name=block.name,
                variants={
                    name: _variant(other, measured[other.digest], effort)
                    for name, blocks in variants.items()
                    for other in blocks
                    if other.name == block.name
                },
            )
            for block in stage.blocks
        ),
    )


def _variant(block: Block, measurement: Measurement, effort: Effort) -> Variant:
    ports = (*block.inputs, *block.outputs)
    moved = block.weight_bytes + sum(port_bytes(port) for port in ports)
    return Variant(
        package=block.package,
        digest=block.digest,
        weight_bytes=Bytes(bytes=block.weight_bytes, source=_PACKAGE),
        resident_bytes=Bytes(bytes=measurement.resident_bytes, source=_RUN),
        transient_bytes=Bytes(bytes=measurement.transient_bytes, source=_RUN),
        activation_bytes=Bytes(bytes=measurement.activation_bytes, source=_RUN),
        bytes_moved=Bytes(bytes=moved, source=_PACKAGE),
        flops=block.flops,
        cold_load=Samples(ns=measurement.cold_load_ns, source=_RUN),
        cached_load=_samples(measurement.cached_load_ns, effort),
        unload=_samples(measurement.unload_ns, effort),
        compute=_samples(measurement.compute_ns, effort),
    )


def _samples(durations_ns: tuple[int, ...], effort: Effort) -> Samples:
    return Samples(ns=durations_ns, warmup=effort.warmup, source=_RUN)
