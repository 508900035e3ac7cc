"""Small pipelines and profiles, by hand and at random, for tests."""

import random
from typing import NamedTuple

from hypothesis import strategies as st

from devsim.core.pipeline import Chunk, ChunkCost, LaneSpeeds, Pipeline, Stage
from devsim.core.plan import Residency
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
from devsim.core.trace import Trace
from devsim.policy.feasible import needed_bytes
from devsim.policy.on_device_sora import OnDeviceSora
from devsim.policy.planned import Planned
from devsim.policy.protocol import UNLIMITED, Policy, Rule
from devsim.policy.serial import Serial
from devsim.policy.strided import strided
from devsim.simulate.simulator import simulate


def make_chunk(
    name="b",
    *,
    resident=10,
    transient=0,
    activation=0,
    load=0,
    cold=None,
    unload=0,
    compute=0,
) -> Chunk:
    """A chunk of one block; a cold load takes as long as a cached one unless told."""
    cost = ChunkCost(
        weight_bytes=resident,
        resident_bytes=resident,
        transient_bytes=transient,
        activation_bytes=activation,
        cold_load_ns=load if cold is None else cold,
        cached_load_ns=load,
        unload_ns=unload,
        compute_ns=compute,
    )
    return Chunk(blocks=(name,), cost=cost)


def make_stage(
    *chunks: Chunk, name="stage", iterations=1, boundary=0, variant="v", first=0, unit=""
) -> Stage:
    return Stage(
        name=name,
        variant=variant,
        iterations=iterations,
        first_iteration=first,
        boundary_bytes=boundary,
        unit=unit,
        chunks=chunks,
    )


def make_pipeline(
    *stages: Stage,
    baseline=0,
    load_ppm=1_000_000,
    compute_ppm=1_000_000,
    beside_load_ppm=1_000_000,
    units=None,
    loaders=1,
):
    return Pipeline(
        workload="made",
        baseline_bytes=baseline,
        contended=LaneSpeeds(
            load_ppm=load_ppm, compute_ppm=compute_ppm, beside_load_ppm=beside_load_ppm
        ),
        units=units or {},
        loaders=loaders,
        stages=stages,
    )


def make_variant(*, resident=10, transient=0, activation=0, cold=0, cached=0, unload=0, compute=0):
    def size(value: int) -> Bytes:
        return Bytes(bytes=value, source="made")

    def took(value: int) -> Samples:
        return Samples(ns=(value,), source="made")

    return Variant(
        package="p.mlpackage",
        digest="",
        weight_bytes=size(resident),
        resident_bytes=size(resident),
        transient_bytes=size(transient),
        activation_bytes=size(activation),
        bytes_moved=size(resident),
        flops=0,
        cold_load=took(cold),
        cached_load=took(cached),
        unload=took(unload),
        compute=took(compute),
    )


def make_profile(
    *stages: tuple[int, list[Variant]],
    baseline=0,
    boundary=0,
    load_fixed=0,
    dispatch=0,
    slowdown=1.0,
) -> Profile:
    """A profile of stages, each given as its iterations and its blocks."""
    return Profile(
        schema_version=1,
        workload="made",
        device="paper",
        size="tiny",
        shape="none",
        environment={"python": "3"},
        sources={"made": Source(provenance="modelled", text="made up for a test")},
        baseline_bytes=Bytes(bytes=baseline, source="made"),
        load_fixed=Samples(ns=(load_fixed,), source="made"),
        dispatch=Samples(ns=(dispatch,), source="made"),
        contention=Contention(load_slowdown=slowdown, compute_slowdown=slowdown, source="made"),
        stages=tuple(
            StageProfile(
                name=f"stage{number}",
                iterations=iterations,
                boundary_bytes=Bytes(bytes=boundary * (number + 1), source="made"),
                blocks=tuple(
                    BlockProfile(name=f"b{n}", variants={"v": block})
                    for n, block in enumerate(blocks)
                ),
            )
            for number, (iterations, blocks) in enumerate(stages)
        ),
    )


_STAGE_NAMES = ("t5", "stdit", "vae_spatial", "other")
_SPEEDS = st.sampled_from([1_000_000, 999_999, 750_000, 333_333, 1])


def costs(count: int) -> st.SearchStrategy[list[int]]:
    """Costs from 0 to 30, a quarter of them 0; drawn as bytes, which is many times faster."""
    drawn = st.binary(min_size=count, max_size=count)
    return drawn.map(lambda data: [max(0, byte % 40 - 9) for byte in data])


@st.composite
def stages(draw, name: str, max_chunks=8, max_iterations=4) -> Stage:
    """A stage; its first and last chunk may be packages that ``on-device-sora`` loads in line."""
    names = [f"b{n}" for n in range(draw(st.integers(1, max_chunks)))]
    if draw(st.booleans()):
        names[0], names[-1] = "part1", "part2"
    boundary, *each = draw(costs(1 + 7 * len(names)))
    fields = ("resident", "transient", "activation", "load", "cold", "unload", "compute")
    return make_stage(
        *[
            make_chunk(chunk, **dict(zip(fields, each[7 * n :], strict=False)))
            for n, chunk in enumerate(names)
        ],
        name=name,
        iterations=draw(st.integers(1, max_iterations)),
        boundary=boundary,
        unit=draw(st.sampled_from(["", "", "cpu"])),
    )


@st.composite
def phases(draw, first: Stage) -> list[Stage]:
    """A stage as it is, or followed by a phase of another variant that shares some packages."""
    if draw(st.integers(0, 3)):
        return [first]
    changed = draw(costs(len(first.chunks)))
    chunks = [
        chunk.model_copy(update={"variant": "v"})
        if compute % 2
        else chunk.model_copy(
            update={"cost": chunk.cost.model_copy(update={"compute_ns": compute})}
        )
        for chunk, compute in zip(first.chunks, changed, strict=True)
    ]
    second = make_stage(
        *chunks,
        name=first.name,
        variant="w",
        first=first.iterations,
        iterations=draw(st.integers(1, 4)),
        boundary=first.boundary_bytes,
    )
    return [first, second]


@st.composite
def pipelines(draw, speeds=_SPEEDS, max_iterations=4, max_loaders=3) -> Pipeline:
    """One to three stages of uneven chunks, any cost of which may be zero."""
    names = draw(st.lists(st.sampled_from(_STAGE_NAMES), min_size=1, max_size=3, unique=True))
    return make_pipeline(
        *[
            phase
            for name in names
            for phase in draw(phases(draw(stages(name, max_iterations=max_iterations))))
        ],
        baseline=draw(st.integers(0, 30)),
        load_ppm=draw(speeds),
        compute_ppm=draw(speeds),
        beside_load_ppm=draw(speeds),
        units={"cpu": LaneSpeeds(load_ppm=draw(speeds), compute_ppm=draw(speeds))},
        loaders=draw(st.sampled_from([1, 1, max_loaders])),
    )


@st.composite
def residencies(draw, stage: Stage) -> Residency:
    mask = draw(st.integers(0, 2 ** len(stage.chunks) - 1))
    kept = tuple(n for n in range(len(stage.chunks)) if mask >> n & 1)
    return Residency(resident=kept, window=draw(st.integers(0, 10)))


class Whimsical:
    """Any rules at all: one set for the first iterations of a stage, another for the rest."""

    name = "whimsical"

    def __init__(self, seed: int, change: int) -> None:
        self._seed, self._change = seed, change

    def rules(self, stage: int, iteration: int, chunks: int) -> tuple[Rule, ...]:
        rng = random.Random(f"{self._seed} {stage} {min(iteration, self._change)}")
        return tuple(
            Rule(
                keep=rng.random() < 0.4,
                window=rng.choice([0, 1, 2, 9]),
                distance=rng.choice([1, 3, UNLIMITED]),
                while_computing=rng.random() < 0.3,
            )
            for _ in range(chunks)
        )


_KINDS = ("serial", "on-device-sora", "strided", "planned", "planned", "whimsical")


@st.composite
def policies(draw, pipeline: Pipeline) -> Policy:
    kind = draw(st.sampled_from(_KINDS))
    if kind == "serial":
        return Serial()
    if kind == "planned":
        return Planned(tuple(draw(residencies(stage)) for stage in pipeline.stages))
    if kind == "whimsical":
        return Whimsical(draw(st.integers(0, 1 << 20)), draw(st.integers(0, 3)))
    budget = pipeline.base_bytes + draw(st.integers(0, 400))
    if kind == "strided":
        return strided(pipeline, budget)
    return OnDeviceSora(
        pipeline, budget, concurrent=draw(st.booleans()), dynamic=draw(st.booleans())
    )


class Run(NamedTuple):
    pipeline: Pipeline
    policy: Policy
    budget: int
    trace: Trace


@st.composite
def runs(draw, speeds=_SPEEDS, max_iterations=4, max_loaders=3) -> Run:
    """A simulated run, often with not a byte to spare."""
    pipeline = draw(pipelines(speeds, max_iterations, max_loaders))
    policy = draw(policies(pipeline))
    spare = draw(st.one_of(st.just(0), st.integers(0, 10), st.integers(0, 300)))
    budget = max(1, needed_bytes(pipeline, policy)[0]) + spare
    return Run(pipeline, policy, budget, simulate(pipeline, policy, budget))


@st.composite
def profiles(draw, max_blocks=4, max_iterations=3, max_stages=2) -> Profile:
    """A profile; any cost may be zero, and a cold load shorter than a cached one."""

    fields = ("resident", "cold", "cached", "compute", "transient", "activation", "unload")

    def blocks() -> list[Variant]:
        count = draw(st.integers(1, max_blocks))
        each = draw(costs(7 * count))
        return [
            make_variant(**dict(zip(fields, each[7 * n :], strict=False))) for n in range(count)
        ]

    return make_profile(
        *[
            (draw(st.integers(1, max_iterations)), blocks())
            for _ in range(draw(st.integers(1, max_stages)))
        ],
        baseline=draw(st.integers(0, 10)),
        boundary=draw(st.integers(0, 5)),
        load_fixed=draw(st.integers(0, 10)),
        dispatch=draw(st.integers(0, 10)),
        slowdown=draw(st.sampled_from([1.0, 1.25, 2.0])),
    )
