"""Random pipelines, policies and runs, each made of a handful of drawn bytes.

That takes a tenth of the time of drawing every figure on its own, and shrinks as well: bytes of
zero make the smallest instance.
"""

import random
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from devsim.core.pipeline import Chunk, ChunkCost, LaneSpeeds, Pipeline, Stage
from devsim.core.plan import Residency
from devsim.core.trace import Trace
from devsim.policy.feasible import needed_bytes
from devsim.policy.on_device_sora import OnDeviceSora
from devsim.policy.planned import Planned
from devsim.policy.protocol import UNLIMITED, Policy, Rule
from devsim.policy.serial import Serial
from devsim.policy.strided import prefix, strided
from devsim.simulation.simulator import simulate

T = TypeVar("T")

SPEEDS = (1_000_000, 999_999, 750_000, 333_333, 1)
_NAMES = ("t5", "stdit", "vae_spatial", "other")


class Bytes:
    """Hands out drawn bytes as what is asked for; zeros when they run out."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def below(self, count: int) -> int:
        """0 to ``count - 1``."""
        self._at += 1
        value = self._data[self._at - 1] if self._at <= len(self._data) else 0
        return value % count

    def one_of(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def cost(self) -> int:
        """0 to 30, a quarter of them 0."""
        return max(0, self.below(40) - 9)


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


class Run(NamedTuple):
    pipeline: Pipeline
    policy: Policy
    budget: int
    trace: Trace


class Shape(NamedTuple):
    """What instances may look like."""

    speeds: Sequence[int] = SPEEDS
    max_iterations: int = 4
    max_chunks: int = 8
    loaders: Sequence[int] = (1, 1, 2, 3)


ANY = Shape()


def a_run(drawn: Bytes, shape: Shape = ANY) -> Run:
    """A simulated run, often with not a byte to spare."""
    pipeline = a_pipeline(drawn, shape)
    policy = a_policy(drawn, pipeline)
    spare = drawn.one_of([0, drawn.below(11), drawn.below(256)])
    budget = max(1, needed_bytes(pipeline, policy)[0]) + spare
    return Run(pipeline, policy, budget, simulate(pipeline, policy, budget))


def a_pipeline(drawn: Bytes, shape: Shape = ANY) -> Pipeline:
    """One to three stages of uneven chunks, any cost of which may be zero."""
    first = drawn.below(len(_NAMES))
    names = [_NAMES[(first + n) % len(_NAMES)] for n in range(1 + drawn.below(3))]
    return Pipeline(
        workload="made",
        baseline_bytes=drawn.cost(),
        contended=_speeds(drawn, shape),
        units={"cpu": _speeds(drawn, shape)},
        loaders=drawn.one_of(shape.loaders),
        stages=tuple(phase for name in names for phase in _phases(drawn, shape, name)),
    )


def a_policy(drawn: Bytes, pipeline: Pipeline) -> Policy:
    kind = drawn.below(7)
    budget = pipeline.base_bytes + 2 * drawn.below(200)
    if kind == 0:
        return Serial()
    if kind == 1:
        return strided(pipeline, budget)
    if kind == 2:
        return prefix(pipeline, budget)
    if kind == 3:
        concurrent, dynamic = drawn.below(3) > 0, drawn.below(3) > 0
        return OnDeviceSora(pipeline, budget, concurrent=concurrent, dynamic=dynamic)
    if kind == 4:
        return Whimsical(drawn.below(256), drawn.below(4))
    return Planned(tuple(_residency(drawn, stage) for stage in pipeline.stages))


def _speeds(drawn: Bytes, shape: Shape) -> LaneSpeeds:
    return LaneSpeeds(
        load_ppm=drawn.one_of(shape.speeds),
        compute_ppm=drawn.one_of(shape.speeds),
        beside_load_ppm=drawn.one_of(shape.speeds),
    )


def _phases(drawn: Bytes, shape: Shape, name: str) -> list[Stage]:
    """A stage; one in four is followed by a phase of another variant that shares some packages.

    Its first and last chunk may be packages that ``on-device-sora`` loads in line.
    """
    blocks = [f"b{n}" for n in range(1 + drawn.below(shape.max_chunks))]
    if drawn.below(2):
        blocks[0], blocks[-1] = "part1", "part2"
    first = Stage(
        name=name,
        variant="v",
        iterations=1 + drawn.below(shape.max_iterations),
        boundary_bytes=drawn.cost(),
        unit=drawn.one_of(["", "", "cpu"]),
        chunks=_chunks(drawn, blocks),
    )
    if drawn.below(4) < 3:
        return [first]
    return [first, _second_phase(drawn, first)]


def _second_phase(drawn: Bytes, first: Stage) -> Stage:
    chunks = [
        chunk.model_copy(
            update={"variant": "v"}
            if drawn.below(2)
            else {"cost": chunk.cost.model_copy(update={"compute_ns": drawn.cost()})}
        )
        for chunk in first.chunks
    ]
    return first.model_copy(
        update={
            "variant": "w",
            "first_iteration": first.iterations,
            "iterations": 1 + drawn.below(4),
            "unit": "",
            "chunks": tuple(chunks),
        }
    )


def _chunks(drawn: Bytes, blocks: Sequence[str]) -> tuple[Chunk, ...]:
    """The first is given nothing; each later one, some of what the one before it held."""
    chunks: list[Chunk] = []
    for block in blocks:
        cost = _cost(drawn)
        if chunks:
            carried = drawn.below(chunks[-1].cost.working_bytes + 1)
            cost = cost.model_copy(update={"carried_bytes": carried})
        chunks.append(Chunk(blocks=(block,), cost=cost))
    return tuple(chunks)


def _cost(drawn: Bytes) -> ChunkCost:
    resident, transient, activation, load, cold, unload, compute = (drawn.cost() for _ in range(7))
    return ChunkCost(
        weight_bytes=resident,
        resident_bytes=resident,
        transient_bytes=transient,
        activation_bytes=activation,
        cold_load_ns=cold,
        cached_load_ns=load,
        unload_ns=unload,
        compute_ns=compute,
    )


def _residency(drawn: Bytes, stage: Stage) -> Residency:
    mask = drawn.below(256)
    kept = tuple(n for n in range(len(stage.chunks)) if mask >> n & 1)
    return Residency(resident=kept, window=drawn.one_of([0, 1, 1, 2, 3, 5, 10]))
