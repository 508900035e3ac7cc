"""Random planning problems as plain numbers: small ones to solve exactly, large ones for scale."""

import random
from typing import NamedTuple

from strategies import make_variant

from devsim.core.profile import (
    BlockProfile,
    Bytes,
    Contention,
    Profile,
    Samples,
    Source,
    StageProfile,
)

KINDS = ("load", "compute", "mixed", "uneven", "contended", "lag", "transient", "fixed")


class Block(NamedTuple):
    """What one block costs: bytes, then nanoseconds."""

    resident: int
    transient: int
    activation: int
    cold: int
    cached: int
    unload: int
    compute: int


class Instance(NamedTuple):
    """A profile and a budget in plain numbers."""

    kind: str
    stages: tuple[tuple[int, tuple[Block, ...]], ...]
    """Iterations and blocks of each."""
    baseline: int
    boundary: int
    load_fixed: int
    dispatch: int
    load_slowdown: float
    compute_slowdown: float
    budget: int

    @property
    def base_bytes(self) -> int:
        return self.baseline + self.boundary


def instance(kind: str, seed: int, sizes: tuple[int, ...], iterations: tuple[int, ...]) -> Instance:
    """An instance of a kind: blocks a stage, iterations a stage, the rest drawn from the seed."""
    draw = random.Random(f"{kind} {seed} {sizes} {iterations}")
    ratio = {
        "load": draw.uniform(1.2, 4),
        "compute": draw.uniform(0.15, 0.8),
    }.get(kind, draw.choice([0.3, 0.7, 1.0, 1.5, 2.5]))
    spread = draw.uniform(0.5, 0.9) if kind in ("uneven", "mixed") else draw.choice([0, 0.1, 0.3])
    fixed_share = draw.uniform(0.2, 0.8) if kind == "fixed" else draw.choice([0, 0.02, 0.1])
    fixed = round(1000 * ratio * fixed_share)
    dispatch = round(1000 * draw.choice([0, 0.01, 0.05 if kind == "fixed" else 0.02]))
    stages = tuple(
        (count, tuple(_block(draw, kind, ratio, spread, fixed) for _ in range(size)))
        for size, count in zip(sizes, iterations, strict=True)
    )
    blocks = [block for _, row in stages for block in row]
    need = max(b.resident + max(b.transient, b.activation) for b in blocks)
    total = sum(b.resident for b in blocks) + max(max(b.transient, b.activation) for b in blocks)
    slow = draw.uniform(1.05, 1.6) if kind == "contended" else 1.0
    return Instance(
        kind=kind,
        stages=stages,
        baseline=100,
        boundary=50,
        load_fixed=fixed,
        dispatch=dispatch,
        load_slowdown=slow,
        compute_slowdown=draw.uniform(1.0, 1.4) if kind == "contended" else 1.0,
        budget=150 + need + round((total - need) * draw.uniform(0.05, 0.95)),
    )


def _block(draw: random.Random, kind: str, ratio: float, spread: float, fixed: int) -> Block:
    def around(middle: float) -> int:
        return max(1, round(middle * draw.uniform(1 - spread, 1 + spread)))

    resident = around(1000)
    by_size = resident if draw.random() < 0.7 else around(1000)
    cached = fixed + max(1, round((ratio * 1000 - fixed) * by_size / 1000))
    return Block(
        resident=resident,
        transient=around(400) if kind == "transient" else 0,
        activation=around(draw.choice([50, 300])),
        cold=round(cached * draw.choice([1, 1, 1.5, 4])),
        cached=cached,
        unload=around(300) if kind == "lag" else draw.choice([0, 10]),
        compute=around(1000),
    )


def profile_of(instance: Instance) -> Profile:
    """The instance as a profile."""
    return Profile(
        schema_version=1,
        workload="made",
        device="paper",
        size="tiny",
        shape="none",
        environment={},
        sources={"made": Source(provenance="modelled", text="drawn at random")},
        baseline_bytes=Bytes(bytes=instance.baseline, source="made"),
        load_fixed=Samples(ns=(instance.load_fixed,), source="made"),
        dispatch=Samples(ns=(instance.dispatch,), source="made"),
        contention=Contention(
            load_slowdown=instance.load_slowdown,
            compute_slowdown=instance.compute_slowdown,
            source="made",
        ),
        stages=tuple(
            StageProfile(
                name=f"stage{number}",
                iterations=count,
                boundary_bytes=Bytes(bytes=instance.boundary, source="made"),
                blocks=tuple(
                    BlockProfile(name=f"b{n}", variants={"v": make_variant(**block._asdict())})
                    for n, block in enumerate(blocks)
                ),
            )
            for number, (count, blocks) in enumerate(instance.stages)
        ),
    )
