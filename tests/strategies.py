"""Small pipelines and profiles, by hand and at random, for tests."""

from drawn_runs import ANY, Bytes, Run, Shape, a_pipeline, a_policy, a_run
from hypothesis import strategies as st

from devsim.core.pipeline import Chunk, ChunkCost, LaneSpeeds, Pipeline, Stage
from devsim.core.profile import (
    BlockProfile,
    BoundaryTensor,
    Contention,
    Profile,
    Samples,
    Source,
    StageProfile,
    Variant,
)
from devsim.core.profile import (
    Bytes as ByteCount,
)
from devsim.policy.protocol import Policy


def make_chunk(
    name="b",
    *,
    resident=10,
    transient=0,
    activation=0,
    carried=0,
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
        carried_bytes=carried,
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
    def size(value: int) -> ByteCount:
        return ByteCount(bytes=value, source="made")

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
    tensors=None,
) -> Profile:
    """A profile of stages, each given as its iterations and its blocks.

    ``tensors`` has some of the stages' boundary tensors by the number of the stage.
    """
    return Profile(
        schema_version=1,
        workload="made",
        device="paper",
        size="tiny",
        shape="none",
        environment={"python": "3"},
        sources={"made": Source(provenance="modelled", text="made up for a test")},
        baseline_bytes=ByteCount(bytes=baseline, source="made"),
        load_fixed=Samples(ns=(load_fixed,), source="made"),
        dispatch=Samples(ns=(dispatch,), source="made"),
        contention=Contention(load_slowdown=slowdown, compute_slowdown=slowdown, source="made"),
        stages=tuple(
            StageProfile(
                name=f"stage{number}",
                iterations=iterations,
                boundary_bytes=ByteCount(bytes=boundary * (number + 1), source="made"),
                tensors=(tensors or {}).get(number, ()),
                blocks=tuple(
                    BlockProfile(name=f"b{n}", variants={"v": block})
                    for n, block in enumerate(blocks)
                ),
            )
            for number, (iterations, blocks) in enumerate(stages)
        ),
    )


def costs(count: int) -> st.SearchStrategy[list[int]]:
    """Costs from 0 to 30, a quarter of them 0; drawn as bytes, which is many times faster."""
    drawn = st.binary(min_size=count, max_size=count)
    return drawn.map(lambda data: [max(0, byte % 40 - 9) for byte in data])


_DRAWN = st.binary(min_size=300, max_size=300)


def pipelines(shape: Shape = ANY) -> st.SearchStrategy[Pipeline]:
    return _DRAWN.map(lambda data: a_pipeline(Bytes(data), shape))


def policies(pipeline: Pipeline) -> st.SearchStrategy[Policy]:
    return st.binary(min_size=40, max_size=40).map(lambda data: a_policy(Bytes(data), pipeline))


def runs(shape: Shape = ANY) -> st.SearchStrategy[Run]:
    return _DRAWN.map(lambda data: a_run(Bytes(data), shape))


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

    def tensors(count: int) -> tuple[BoundaryTensor, ...]:
        pairs = [(a, b) for b in range(1, count) for a in range(b)]
        chosen = draw(st.lists(st.sampled_from(pairs), max_size=4)) if pairs else []
        sizes = draw(costs(len(chosen)))
        return tuple(
            BoundaryTensor(bytes=size, made_by=a, taken_until=b)
            for size, (a, b) in zip(sizes, chosen, strict=True)
        )

    stages = [
        (draw(st.integers(1, max_iterations)), blocks())
        for _ in range(draw(st.integers(1, max_stages)))
    ]
    return make_profile(
        *stages,
        tensors={number: tensors(len(each)) for number, (_, each) in enumerate(stages)},
        baseline=draw(st.integers(0, 10)),
        boundary=draw(st.integers(0, 5)),
        load_fixed=draw(st.integers(0, 10)),
        dispatch=draw(st.integers(0, 10)),
        slowdown=draw(st.sampled_from([1.0, 1.25, 2.0])),
    )
