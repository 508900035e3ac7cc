"""The work of shapes lane by lane, without a schedule."""

from collections.abc import Sequence

from devsim.planner.shape import Shape
from devsim.planner.source import Problem, StageSource


def least_ns(problem: Problem, stages: Sequence[int], shapes: Sequence[Shape]) -> int:
    """A makespan that these shapes cannot beat: each lane's work alone, after the first load."""
    load_ns = compute_ns = first_ns = last_ns = 0
    for number, shape in zip(stages, shapes, strict=True):
        source = problem.stages[number]
        for start, end, kept in shape.pieces:
            cost = source.chunk(start, end).cost
            compute_ns += source.iterations * cost.compute_ns
            load_ns += (
                cost.cold_load_ns
                if not source.first_iteration
                else min(cost.cold_load_ns, cost.cached_load_ns)
            )
            if not kept:
                load_ns += (source.iterations - 1) * cost.cached_load_ns
            last_ns = cost.compute_ns
        first_ns = first_ns or source.chunk(*shape.pieces[0][:2]).cost.cold_load_ns
    if problem.loaders > 1:
        return first_ns + compute_ns
    return max(first_ns + compute_ns, load_ns + last_ns)


def read_bytes(source: StageSource, shape: Shape) -> int:
    """Weights that all loads of a stage read."""
    total = 0
    for start, end, kept in shape.pieces:
        loads = 1 if kept else source.iterations
        total += loads * source.chunk(start, end).cost.weight_bytes
    return total
