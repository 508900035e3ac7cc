"""The search: shapes of every stage, first each stage on its own, then all of them together."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

from devsim.planner.book import Shapes
from devsim.planner.construct import constructed, finest
from devsim.planner.cost import Cost, Objective
from devsim.planner.moves import neighbours
from devsim.planner.score import Scorer
from devsim.planner.shape import Piece, Shape
from devsim.planner.source import Problem, StageSource

WORK = 60_000
"""Computes evaluated for one plan, at most: about a fifth of a second."""
_STARTS = 4
"""Different shapes of a stage from which local search sets out."""
_SMALL = 60
"""Computes of one chunk a block, up to which a problem is small."""
_ALL_BUT = 2000
"""The search of a large problem ends this part of the bound above it: 0.05 %."""
_NO_GOAL = Cost(0, 0)
_EVERY_SHAPE_UP_TO = 1500
"""Shapes of all stages together that are all looked at."""


class Found(NamedTuple):
    """Shapes of some stages and what they cost."""

    cost: Cost
    shapes: Shapes


def search(
    problem: Problem,
    work: int = WORK,
    seeds: Sequence[Shapes] = (),
    objective: Objective = Objective.LATENCY,
) -> Found:
    """The best shapes found for all stages.

    Args:
        problem: the stages, and a budget under which the finest cut fits.
        work: computes that may be evaluated.
        seeds: shapes of all stages that the result must not be worse than.
        objective: what is to be least.
    """
    return explore(Scorer(problem, range(len(problem.stages)), work, objective), seeds)


def explore(everything: Scorer, seeds: Sequence[Shapes]) -> Found:
    """The same with a scorer of all stages, which remembers what was tried."""
    problem, work = everything.problem, everything.left
    goal = _goal(everything) if everything.objective is not Objective.IO else _NO_GOAL
    starts = [Found(everything.cost(shapes), shapes) for shapes in seeds]
    if len(problem.stages) == 1:
        starts += _starts(everything)
    else:
        starts.append(_joined(problem, everything, work // 2))
    starts.sort(key=lambda found: found.cost)
    best = starts[0]
    for start in starts[:_STARTS]:
        if everything.spent or best.cost <= goal:
            break
        best = min(best, _climb(everything, start, goal), key=lambda found: found.cost)
    return _exhausted(everything, best, goal)


def _goal(everything: Scorer) -> Cost:
    """A cost that ends the search: the lower bound; for large problems, all but reached."""
    bound_ns = everything.book.lower_bound_ns(everything.problem.budget_bytes)
    return Cost(0, bound_ns if is_small(everything.problem) else bound_ns + bound_ns // _ALL_BUT)


def is_small(problem: Problem) -> bool:
    """Whether a problem can be searched to the end."""
    return sum(len(stage.blocks) * stage.iterations for stage in problem.stages) <= _SMALL


def _joined(problem: Problem, everything: Scorer, work: int) -> Found:
    """Each stage's best shapes, and the best of their combinations, one stage after another."""
    total = sum(_weight(source) for source in problem.stages)
    choices = []
    for number, source in enumerate(problem.stages):
        share = work * _weight(source) // total
        alone = Scorer(problem, [number], share, everything.objective, everything.book)
        starts = sorted(_starts(alone), key=lambda found: found.cost)[:_STARTS]
        best = _climb(alone, starts[0], _NO_GOAL)
        choices.append([best.shapes[0], *(start.shapes[0] for start in starts)])
    shapes = tuple(choice[0] for choice in choices)
    best = Found(everything.cost(shapes), shapes)
    for number, choice in enumerate(choices):
        for shape in choice[1:]:
            best = _better(everything, best, number, shape)
    return best


def _weight(source: StageSource) -> int:
    return len(source.blocks) * min(source.iterations, 4)


def _starts(scorer: Scorer) -> list[Found]:
    """The finest cut and constructed shapes of one stage, as many as may be the best."""
    (number,) = scorer.stages
    source = scorer.problem.stages[number]
    plain = (finest(source),)
    found = [Found(scorer.cost(plain), plain)]
    best = found[0].cost
    scored = sorted(
        (scorer.least((shape,)), shape) for shape in constructed(source, scorer.problem.room_bytes)
    )
    for least, shape in scored:
        if least >= best or scorer.spent:
            break
        cost = scorer.cost((shape,))
        if cost.fits:
            found.append(Found(cost, (shape,)))
            best = min(best, cost)
    return found


def _climb(scorer: Scorer, start: Found, goal: Cost) -> Found:
    """Take any neighbour that is better, until none is, or the goal or the end is reached."""
    best = start
    first = [0] * len(scorer.stages)
    improved = True
    while improved and not scorer.spent and best.cost > goal:
        improved = False
        for number, stage in enumerate(scorer.stages):
            iterations = scorer.problem.stages[stage].iterations
            for at, shape in neighbours(best.shapes[number], iterations, first[number]):
                better = _better(scorer, best, number, shape)
                if better is not best:
                    best, improved, first[number] = better, True, at
                    break
                if scorer.spent:
                    return best
    return best


def _better(scorer: Scorer, best: Found, number: int, shape: Shape) -> Found:
    """The best, or the same with one stage's shape changed if that is better."""
    shapes = (*best.shapes[:number], shape, *best.shapes[number + 1 :])
    if scorer.least(shapes) >= best.cost:
        return best
    cost = scorer.cost(shapes)
    return Found(cost, shapes) if cost < best.cost else best


def _exhausted(scorer: Scorer, best: Found, goal: Cost) -> Found:
    """Look at every cut and residency of a small problem that may be better."""
    if best.cost <= goal or not has_few_shapes(scorer.problem):
        return best
    scored = sorted(
        (scorer.least(shapes), shapes)
        for shapes in product(*(list(every_shape(source)) for source in scorer.problem.stages))
    )
    for least, shapes in scored:
        if least >= best.cost or scorer.spent:
            break
        cost = scorer.cost(shapes)
        if cost < best.cost:
            best = Found(cost, shapes)
    return best


def has_few_shapes(problem: Problem) -> bool:
    """Whether every cut and residency of all stages can be looked at."""
    count = 1
    for source in problem.stages:
        borders = len(source.blocks) - 1
        count *= 2**borders if source.iterations == 1 else 2 * 3**borders
    return count <= _EVERY_SHAPE_UP_TO


def every_shape(source: StageSource) -> Iterator[Shape]:
    """Every cut of a stage with every set of residents, and windows that hold no load back."""
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
