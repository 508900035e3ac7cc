"""The search: shapes of every stage, first each stage on its own, then all of them together."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

from devsim.planner.construct import constructed, finest, least_ns
from devsim.planner.moves import neighbours
from devsim.planner.score import NEVER, Scorer
from devsim.planner.shape import Piece, Shape
from devsim.planner.source import Problem, StageSource

WORK = 100_000
"""Computes evaluated for one plan, at most: about a third of a second."""
_STARTS = 4
"""Different shapes of a stage from which local search sets out."""
_EVERY_SHAPE_UP_TO = 1500
"""Shapes of all stages together that are all looked at."""


class Found(NamedTuple):
    """Shapes of some stages and their makespan."""

    makespan_ns: int
    shapes: tuple[Shape, ...]


def search(problem: Problem, work: int = WORK, seeds: Sequence[tuple[Shape, ...]] = ()) -> Found:
    """The best shapes found for all stages.

    Args:
        problem: the stages, and a budget under which the finest cut fits.
        work: computes that may be evaluated.
        seeds: shapes of all stages that the result must not be slower than.
    """
    everything = Scorer(problem, range(len(problem.stages)), work)
    if len(problem.stages) == 1:
        starts = [Found(each.makespan_ns, each.shapes) for each in _starts(everything)]
    else:
        starts = _joined(problem, everything, work // 2)
    starts += [Found(everything.makespan_ns(shapes), shapes) for shapes in seeds]
    starts.sort(key=lambda found: found.makespan_ns)
    best = starts[0]
    for start in starts[:_STARTS]:
        climbed = _climb(everything, start)
        best = min(best, climbed, key=lambda found: found.makespan_ns)
        if everything.spent:
            break
    return _exhausted(everything, best)


def _joined(problem: Problem, everything: Scorer, work: int) -> list[Found]:
    """Each stage's best shapes, and the best of their combinations, one stage after another."""
    total = sum(_weight(source) for source in problem.stages)
    choices = []
    for number, source in enumerate(problem.stages):
        alone = Scorer(problem, [number], work * _weight(source) // total)
        starts = sorted(_starts(alone), key=lambda found: found.makespan_ns)[:_STARTS]
        best = _climb(alone, starts[0])
        choices.append([best.shapes[0], *(start.shapes[0] for start in starts)])
    shapes = tuple(choice[0] for choice in choices)
    best = Found(everything.makespan_ns(shapes), shapes)
    for number, choice in enumerate(choices):
        for shape in choice[1:]:
            best = _better(everything, best, number, shape)
    return [best]


def _weight(source: StageSource) -> int:
    return len(source.blocks) * min(source.iterations, 4)


def _starts(scorer: Scorer) -> list[Found]:
    """The finest cut and constructed shapes of one stage, as many as may be the best."""
    (number,) = scorer.stages
    source = scorer.problem.stages[number]
    found = [Found(scorer.makespan_ns((finest(source),)), (finest(source),))]
    best_ns = found[0].makespan_ns
    scored = sorted(
        (
            (least_ns(scorer.problem, scorer.stages, (shape,)), shape)
            for shape in constructed(source, scorer.problem.room_bytes)
        ),
        key=lambda pair: pair[0],
    )
    for bound_ns, shape in scored:
        if bound_ns >= best_ns or scorer.spent:
            break
        makespan_ns = scorer.makespan_ns((shape,))
        if makespan_ns < NEVER:
            found.append(Found(makespan_ns, (shape,)))
            best_ns = min(best_ns, makespan_ns)
    return found


def _climb(scorer: Scorer, start: Found) -> Found:
    """Take any neighbour that is faster, until none is or the work is used up."""
    best = start
    improved = True
    while improved and not scorer.spent:
        improved = False
        for number, stage in enumerate(scorer.stages):
            iterations = scorer.problem.stages[stage].iterations
            for shape in neighbours(best.shapes[number], iterations):
                better = _better(scorer, best, number, shape)
                if better is not best:
                    best, improved = better, True
                    break
                if scorer.spent:
                    return best
    return best


def _better(scorer: Scorer, best: Found, number: int, shape: Shape) -> Found:
    """The best, or the same with one stage's shape changed if that is faster."""
    shapes = (*best.shapes[:number], shape, *best.shapes[number + 1 :])
    if least_ns(scorer.problem, scorer.stages, shapes) >= best.makespan_ns:
        return best
    makespan_ns = scorer.makespan_ns(shapes)
    return Found(makespan_ns, shapes) if makespan_ns < best.makespan_ns else best


def _exhausted(scorer: Scorer, best: Found) -> Found:
    """Look at every cut and residency of a small problem that may be faster."""
    count = 1
    for source in scorer.problem.stages:
        blocks = len(source.blocks) - 1
        count *= 2**blocks if source.iterations == 1 else 2 * 3**blocks
        if count > _EVERY_SHAPE_UP_TO:
            return best
    scored = sorted(
        (least_ns(scorer.problem, scorer.stages, shapes), shapes)
        for shapes in product(*(list(_every_shape(source)) for source in scorer.problem.stages))
    )
    for bound_ns, shapes in scored:
        if bound_ns >= best.makespan_ns or scorer.spent:
            break
        makespan_ns = scorer.makespan_ns(shapes)
        if makespan_ns < best.makespan_ns:
            best = Found(makespan_ns, shapes)
    return best


def _every_shape(source: StageSource) -> Iterator[Shape]:
    count = len(source.blocks)
    for cuts in product((False, True), repeat=count - 1):
        ends = [*(n + 1 for n, cut in enumerate(cuts) if cut), count]
        bounds = list(zip([0, *ends[:-1]], ends, strict=True))
        flags = product((False, True), repeat=len(bounds) if source.iterations > 1 else 0)
        for kept in flags:
            flagged = kept or (False,) * len(bounds)
            pieces = tuple(
                Piece(start, end, keep) for (start, end), keep in zip(bounds, flagged, strict=True)
            )
            yield Shape(pieces, count)
