"""Small problems to the end: every shape, under every budget up to the one that is offered.

More memory can make a given schedule slower: loads start earlier and slow a compute, or take the
room that its activations need. So a plan is sure not to get slower with more memory only if all
that could be done with less is looked at too. Here it is, for shapes with one window for all
stages; a run that needs less than is offered is a plan that holds less.
"""

from collections.abc import Iterator, Sequence
from itertools import product

from devsim.planner.ask import Ask
from devsim.planner.lanes import read_bytes
from devsim.planner.less import least_budget_for_less
from devsim.planner.runs import runs_of
from devsim.planner.score import NEVER, Scorer, cost_of
from devsim.planner.search import Found, every_shape
from devsim.planner.shape import Shape
from devsim.policy.planned import Planned

_WINDOWS = (0, 1, 2)
"""Windows that are looked at besides one that never holds a load back."""

_Ranked = Sequence[tuple[int, tuple[Shape, ...]]]
"""Shapes with what they cost at least, the least first."""


def best_of_all(ask: Ask) -> tuple[Found, int]:
    """The best of every shape under every budget up to the one asked for, and that budget."""
    scorer = Scorer(ask.problem, range(len(ask.problem.stages)), 0, ask.objective)
    ranked = sorted(
        (scorer.least(shapes), shapes)
        for shapes in product(*(list(every_shape(source)) for source in ask.problem.stages))
    )
    offered = ask.budget_bytes
    here = _best(ask, ranked, (Found(NEVER, ()), offered), offered)
    return _best(ask, ranked, here, least_budget_for_less(ask, here[0].cost))


def _best(ask: Ask, ranked: _Ranked, best: tuple[Found, int], least: int) -> tuple[Found, int]:
    """The best so far, or better under budgets from the least to the one asked for."""
    problem = ask.problem
    for at_least, shapes in ranked:
        if at_least >= best[0].cost:
            break
        pipeline = problem.pipeline(
            [
                source.stage(shape.bounds)
                for source, shape in zip(problem.stages, shapes, strict=True)
            ]
        )
        bytes_read = sum(map(read_bytes, problem.stages, shapes))
        for windowed in _windowed(shapes):
            policy = Planned(tuple(shape.residency for shape in windowed))
            runs = list(runs_of(pipeline, policy, least, ask.budget_bytes))
            if not runs:  # What does not fit does not with any window.
                break
            for run in runs:
                cost = cost_of(ask.objective, bytes_read, run.makespan_ns)
                if cost < best[0].cost:
                    best = Found(cost, windowed), run.to_bytes
    return best


def _windowed(shapes: tuple[Shape, ...]) -> Iterator[tuple[Shape, ...]]:
    """The same cuts and residents with each window; the loader that runs furthest ahead first."""
    yield shapes
    for window in _WINDOWS:
        if any(window < shape.window for shape in shapes):
            yield tuple(shape._replace(window=min(window, shape.window)) for shape in shapes)
