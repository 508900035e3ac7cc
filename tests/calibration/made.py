"""A small device whose parameters are known, and what the simulator says it would do."""

from devsim.calibration.device_model import with_costs
from devsim.calibration.totals import Observed, ObservedRun, Totals
from devsim.core.pipeline import Pipeline, Stage
from devsim.core.profile import (
    BlockProfile,
    Bytes,
    Contention,
    Profile,
    Samples,
    Source,
    StageProfile,
    Variant,
    Work,
)
from devsim.core.trace import Kind, Trace
from devsim.policy.on_device_sora import OnDeviceSora
from devsim.policy.serial import Serial
from devsim.simulation.costs import chunk_of, lane_speeds
from devsim.simulation.simulator import simulate

MEGA = 10**6
BUDGET = 10_000 * MEGA
SIZES = (100, 900, 300, 700, 500, 100)
KNOWN = {
    "load_fixed_s": 0.02,
    "load_bytes_per_s": 1500.0e6,
    "cold_bytes_per_s": 400.0e6,
    "dispatch_s": 0.003,
    "load_contention": 0.3,
    "compute_contention": 0.15,
    "gpu_attention_per_s": 2e11,
    "gpu_linear_per_s": 6e11,
}
_NAMES = ("part1", "st_00", "st_01", "st_02", "st_03", "part2")


def made_profile(sizes=SIZES) -> Profile:
    """One denoiser stage of six packages; no duration is known yet."""
    blocks = [
        BlockProfile(
            name=name, variants={"fp32": _variant(size * MEGA, linear * MEGA, attention * MEGA)}
        )
        for name, size, linear, attention in zip(
            _NAMES,
            sizes,
            (20_000, 400_000, 90_000, 240_000, 300_000, 30_000),
            (0, 10_000, 80_000, 20_000, 5_000, 0),
            strict=True,
        )
    ]
    return Profile(
        schema_version=1,
        workload="made",
        device="paper",
        size="tiny",
        shape="64x64, latent 4x8x8",
        environment={},
        sources={"made": Source(provenance="modelled", text="made up for a test")},
        baseline_bytes=Bytes(bytes=10, source="made"),
        load_fixed=_nothing(),
        dispatch=_nothing(),
        contention=Contention(load_slowdown=1, compute_slowdown=1, source="made"),
        stages=(
            StageProfile(
                name="stdit",
                iterations=10,
                boundary_bytes=Bytes(bytes=10, source="made"),
                blocks=tuple(blocks),
            ),
        ),
    )


def _variant(size: int, linear: int, attention: int) -> Variant:
    return Variant(
        package="p.mlpackage",
        digest="",
        weight_bytes=Bytes(bytes=size, source="made"),
        resident_bytes=Bytes(bytes=size, source="made"),
        transient_bytes=Bytes(bytes=0, source="made"),
        activation_bytes=Bytes(bytes=10, source="made"),
        bytes_moved=Bytes(bytes=size + 20, source="made"),
        flops=linear + attention,
        work=(
            Work(kind="linear", amount=linear, frames=1, area=1),
            Work(kind="attention", amount=attention, frames=1, area=2),
        ),
        unit="gpu",
        cold_load=_nothing(),
        cached_load=_nothing(),
        unload=_nothing(),
        compute=_nothing(),
    )


def _nothing() -> Samples:
    return Samples(ns=(0,), source="made")


def pipeline_of(profile: Profile, iterations: int) -> Pipeline:
    """One chunk a block."""
    stage = profile.stages[0]
    return Pipeline(
        workload="made",
        baseline_bytes=10,
        contended=lane_speeds(profile.contention),
        stages=(
            Stage(
                name=stage.name,
                variant="fp32",
                iterations=iterations,
                boundary_bytes=10,
                chunks=tuple(
                    chunk_of(profile, stage, (n, n + 1), "fp32") for n in range(len(stage.blocks))
                ),
            ),
        ),
    )


def simulated(profile: Profile, values, *, ci: bool, iterations=10) -> Trace:
    """The whole run, event by event."""
    pipeline = pipeline_of(with_costs(profile, values), iterations)
    policy = OnDeviceSora(pipeline, BUDGET, concurrent=ci, dynamic=False) if ci else Serial()
    return simulate(pipeline, policy, BUDGET)


def ends_s(trace: Trace) -> list[float]:
    """When each iteration's last compute ended, in seconds."""
    last: dict[int, int] = {}
    for span in trace.spans:
        if span.kind is Kind.COMPUTE:
            last[span.iteration] = max(span.end_ns, last.get(span.iteration, 0))
    return [last[iteration] / 1e9 for iteration in sorted(last)]


def observed_run(profile, values, *, ci: bool, label: str, spread=0.01) -> ObservedRun:
    """Three figures of a run, taken from its simulated trace."""
    ends = ends_s(simulated(profile, values, ci=ci))
    figures = {
        "first_iteration": ends[0],
        "later_iteration": ends[5] - ends[4],
        "whole": ends[-1],
    }
    return ObservedRun(
        stages=("stdit",),
        policy="on-device-sora" if ci else "serial",
        ci=ci,
        dl=False,
        group="all",
        figures=tuple(
            Observed(
                name=f"{label} {quantity}",
                quantity=quantity,
                seconds=took,
                spread=spread,
                source="simulated",
            )
            for quantity, took in figures.items()
        ),
    )


def totals_of(*runs: ObservedRun, ranges=None) -> Totals:
    return Totals(
        schema_version=1,
        title="made totals",
        budget_bytes=BUDGET,
        parameters=ranges or {},
        runs=runs,
    )
