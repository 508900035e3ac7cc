"""The work of shapes lane by lane, without a schedule."""

from collections.abc import Iterable
from typing import NamedTuple

from devsim.planner.shape import Shape
from devsim.planner.source import StageSource


class Work(NamedTuple):
    """What one stage's loads and computes take, each lane alone."""

    load_ns: int
    compute_ns: int
    first_load_ns: int
    last_compute_ns: int


def work_of(source: StageSource, shape: Shape) -> Work:
    """The work of a stage in one shape; packages of an earlier phase may be cached."""
    costs = [chunk.cost for chunk in source.stage(shape.bounds).chunks]
    first_ns = [cost.cold_load_ns for cost in costs]
    if source.first_iteration:
        first_ns = [min(ns, cost.cached_load_ns) for ns, cost in zip(first_ns, costs, strict=True)]
    streamed_ns = [
        cost.cached_load_ns
        for cost, piece in zip(costs, shape.pieces, strict=True)
        if not piece.kept
    ]
    return Work(
        sum(first_ns) + (source.iterations - 1) * sum(streamed_ns),
        source.iterations * sum([cost.compute_ns for cost in costs]),
        costs[0].cold_load_ns,
        costs[-1].compute_ns,
    )


def least_ns(works: Iterable[Work], loaders: int) -> int:
    """A makespan that such stages cannot beat: each lane's work alone, after the first load."""
    load_ns = compute_ns = first_ns = last_ns = 0
    for work in works:
        load_ns += work.load_ns
        compute_ns += work.compute_ns
        first_ns = first_ns or work.first_load_ns
        last_ns = work.last_compute_ns
    if loaders > 1:
        return first_ns + compute_ns
    return max(first_ns + compute_ns, load_ns + last_ns)


def read_bytes(source: StageSource, shape: Shape) -> int:
    """Weights that all loads of a stage read."""
    total = 0
    for start, end, kept in shape.pieces:
        loads = 1 if kept else source.iterations
        total += loads * source.chunk(start, end).cost.weight_bytes
    return total
