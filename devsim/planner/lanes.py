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
    load_ns = compute_ns = last_ns = 0
    again, cold = source.iterations - 1, not source.first_iteration
    for start, end, kept in shape.pieces:
        cost = source.chunk(start, end).cost
        last_ns = cost.compute_ns
        compute_ns += last_ns
        load_ns += cost.cold_load_ns if cold else min(cost.cold_load_ns, cost.cached_load_ns)
        if not kept:
            load_ns += again * cost.cached_load_ns
    first = source.chunk(*shape.pieces[0][:2]).cost
    return Work(load_ns, source.iterations * compute_ns, first.cold_load_ns, last_ns)


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
