"""Plans for a percentile of what may happen, not for typical durations."""

import math
import random
from collections.abc import Iterable, Sequence

from devsim.core.errors import BadInputError
from devsim.core.pipeline import Pipeline
from devsim.core.plan import Plan, Robustness
from devsim.core.profile import Fitted, Profile, Samples
from devsim.planner.ask import Ask
from devsim.planner.planner import verified
from devsim.planner.problem import problem_of
from devsim.planner.score import Scorer
from devsim.planner.search import WORK, Found, search
from devsim.planner.shape import Shape
from devsim.planner.solver import Solution, solve
from devsim.policy.planned import Planned
from devsim.policy.timetable import costs_of
from devsim.simulation.draw import Sampler
from devsim.simulation.durations import Durations
from devsim.simulation.evaluate import Evaluator

RUNS = 40
_SEED = 0
_DEVIATIONS = 2 * 1.96
"""Standard deviations between the ends of a 95 % interval."""


def robust_plan(ask: Ask, percentile: int) -> Plan:
    """The plan whose makespan is least at a percentile of drawn runs.

    Candidates are the best plans for typical durations, for those of the percentile itself and
    for somewhat less memory, and every named policy. Each is run with the same draws: every
    duration from its own samples, and what a calibration fitted, once a run, from its interval.

    Raises:
        BadInputError: the profile has nothing to draw from.
        InfeasibleBudgetError: some block does not fit; carries the smallest budget that works.
    """
    require_spread(ask.profile)
    solution = solve(ask)
    ask = solution.ask

    def at_percentile(samples: Samples) -> int:
        return _nearest(samples.ns, percentile)

    slow = problem_of(
        ask.profile, ask.budget_bytes, ask.phases, loaders=ask.loaders, typical=at_percentile
    )
    candidates = dict.fromkeys(
        [
            solution.shapes,
            search(slow, WORK // 2, [solution.shapes]).shapes,
            *_by_hand(solution),
        ]
    )
    ranked = sorted(
        (_percentiles(ask, shapes, percentile), number, shapes)
        for number, shapes in enumerate(candidates)
    )
    (worst_ns, median_ns), _, shapes = ranked[0]
    problem = ask.problem
    cost = Scorer(problem, range(len(problem.stages)), 1).cost(shapes)
    made = verified(Solution(ask, Found(cost, shapes), ask.budget_bytes, solution.hands))
    return made.model_copy(
        update={
            "robustness": Robustness(
                percentile=percentile,
                makespan_ns=worst_ns,
                median_ns=median_ns,
                runs=RUNS,
                seed=_SEED,
            ),
        }
    )


def _by_hand(solution: Solution) -> list[tuple[Shape, ...]]:
    """Shapes of the named policies that keep the budget."""
    budget_bytes = solution.ask.budget_bytes
    keeping = [hand for hand in solution.hands if hand.figures(budget_bytes)]
    found = [hand.shapes(hand.under(budget_bytes)) for hand in keeping]
    return [shapes for shapes in found if shapes]


def require_spread(profile: Profile) -> None:
    """Refuse a profile in which nothing varies.

    Raises:
        BadInputError: it has one sample of everything, and no fitted interval.
    """
    varies = any(
        len(set(samples.ns)) > 1
        for stage in profile.stages
        for block in stage.blocks
        for variant in block.variants.values()
        for samples in (variant.cold_load, variant.cached_load, variant.compute, variant.unload)
    )
    if not varies and not any(each.low < each.high for each in profile.fitted):
        raise BadInputError(
            "the profile has one sample of everything and no fitted intervals to draw from",
            "profile with several repeats, or leave --robust out",
        )


def _percentiles(ask: Ask, shapes: tuple[Shape, ...], percentile: int) -> tuple[int, int]:
    """The makespan at the percentile, and the median, over the drawn runs."""
    problem = ask.problem
    pipeline = problem.pipeline(
        [source.stage(shape.bounds) for source, shape in zip(problem.stages, shapes, strict=True)]
    )
    policy = Planned(tuple(shape.residency for shape in shapes))
    evaluator = Evaluator(pipeline)
    draws = _draws(ask.profile, pipeline, range(_SEED, _SEED + RUNS))
    makespans = [
        evaluator.evaluate(policy, ask.budget_bytes, durations).makespan_ns for durations in draws
    ]
    return _nearest(makespans, percentile), _nearest(makespans, 50)


def _draws(profile: Profile, pipeline: Pipeline, seeds: Iterable[int]) -> Iterable[Durations]:
    sampler = Sampler(profile, pipeline)
    cold = costs_of(pipeline, [stage.iterations for stage in pipeline.stages]).cold
    for seed in seeds:
        drawn = sampler.durations(seed)
        load, first, compute = _slower(profile.fitted, random.Random(f"fitted {seed}"))
        yield Durations(
            [
                round(ns * (first if is_cold else load))
                for ns, is_cold in zip(drawn.load_ns, cold, strict=True)
            ],
            [round(ns * compute) for ns in drawn.compute_ns],
            drawn.unload_ns,
        )


def _slower(fitted: Sequence[Fitted], rng: random.Random) -> tuple[float, float, float]:
    """How many times longer cached loads, cold loads and computes take, for one run.

    A rate is drawn log-normally from its interval. Computes go by the mean of their kinds' speeds.
    """
    load, first = 1.0, 1.0
    computes = []
    for each in fitted:
        spread = math.log(each.high / each.low) / _DEVIATIONS if each.low > 0 else 0.0
        slower = math.exp(-rng.gauss(0, 1) * spread)
        if each.name == "load_bytes_per_s":
            load = slower
        elif each.name == "cold_bytes_per_s":
            first = slower
        elif each.name.endswith("_per_s"):
            computes.append(slower)
    return load, first, sum(computes) / len(computes) if computes else 1.0


def _nearest(figures: Sequence[int], percentile: int) -> int:
    ranked = sorted(figures)
    return ranked[max(0, -(-len(ranked) * percentile // 100) - 1)]
