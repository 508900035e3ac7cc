"""The planner: from a profile and a budget to a plan, verified by simulation."""

from typing import NamedTuple

from devsim.core.errors import InfeasibleBudgetError
from devsim.core.pipeline import Pipeline
from devsim.core.plan import Baseline, Plan, Prediction, Residency
from devsim.core.profile import Profile
from devsim.core.units import format_bytes
from devsim.planner.bound import lower_bound_ns
from devsim.planner.construct import finest
from devsim.planner.problem import default_phases, problem_of
from devsim.planner.search import Found, search
from devsim.planner.source import Problem
from devsim.policy.feasible import smallest_budget_bytes
from devsim.policy.named import BASELINES, baseline
from devsim.policy.planned import Planned
from devsim.policy.protocol import Policy
from devsim.simulate.predict import summarise
from devsim.simulate.simulator import simulate


def plan(profile: Profile, budget_bytes: int, iterations: dict[str, int] | None = None) -> Plan:
    """Search a plan for all stages of a profile under a budget.

    Args:
        profile: what every block costs.
        budget_bytes: what the process may hold, its baseline included.
        iterations: by stage, where they differ from the profile's.

    Raises:
        InfeasibleBudgetError: some block does not fit; carries the smallest budget that works.
        BadInputError: ``iterations`` names a stage that the profile does not have.
    """
    problem = problem_of(profile, budget_bytes, default_phases(profile, iterations or {}))
    return _plan(profile, problem)


class _Schedule(NamedTuple):
    """A policy on a cut, and what that is predicted to cost."""

    policy: str
    pipeline: Pipeline
    residency: tuple[Residency, ...]
    prediction: Prediction


def _plan(profile: Profile, problem: Problem) -> Plan:
    blocks = finest_cut(problem)
    _require_room(blocks, problem.budget_bytes)
    baselines = [_baseline(name, blocks, problem.budget_bytes) for name in BASELINES]
    schedules = [_verified(problem, search(problem)), *(each for each in baselines if each)]
    best = min(schedules, key=lambda schedule: schedule.prediction.makespan_ns)
    return Plan(
        schema_version=1,
        device=profile.device,
        shape=profile.shape,
        profile_digest=profile.digest(),
        environment=profile.environment,
        budget_bytes=problem.budget_bytes,
        policy=best.policy,
        pipeline=best.pipeline,
        residency=best.residency,
        prediction=best.prediction,
        lower_bound_ns=lower_bound_ns(problem),
        baselines=tuple(
            Baseline(policy=name, prediction=each.prediction if each else None)
            for name, each in zip(BASELINES, baselines, strict=True)
        ),
    )


def finest_cut(problem: Problem) -> Pipeline:
    """One chunk a block."""
    return problem.pipeline([source.stage(finest(source).bounds) for source in problem.stages])


def _verified(problem: Problem, found: Found) -> _Schedule:
    """What the simulator says of the shapes found; it must say what the evaluator said."""
    pipeline = problem.pipeline(
        [
            source.stage(shape.bounds)
            for source, shape in zip(problem.stages, found.shapes, strict=True)
        ]
    )
    residency = tuple(shape.residency for shape in found.shapes)
    prediction = summarise(simulate(pipeline, Planned(residency), problem.budget_bytes))
    if prediction.makespan_ns != found.makespan_ns or prediction.peak_bytes > problem.budget_bytes:
        raise AssertionError("the simulator does not confirm the plan")
    return _Schedule("planned", pipeline, residency, prediction)


def _baseline(name: str, blocks: Pipeline, budget_bytes: int) -> _Schedule | None:
    policy = baseline(name, blocks, budget_bytes)
    try:
        trace = simulate(blocks, policy, budget_bytes)
    except InfeasibleBudgetError:
        return None
    return _Schedule(name, blocks, _residency(policy, blocks), summarise(trace))


def _residency(policy: Policy, pipeline: Pipeline) -> tuple[Residency, ...]:
    """What a baseline keeps and loads ahead, for people to read: in a run it decides itself."""
    made = []
    for number, stage in enumerate(pipeline.stages):
        rules = policy.rules(number, 0, len(stage.chunks))
        kept = tuple(n for n, rule in enumerate(rules) if rule.keep) if stage.iterations > 1 else ()
        made.append(Residency(resident=kept, window=max(rule.window for rule in rules)))
    return tuple(made)


def _require_room(blocks: Pipeline, budget_bytes: int) -> None:
    need, culprit = smallest_budget_bytes(blocks)
    if need > budget_bytes:
        raise InfeasibleBudgetError(
            f"{culprit} does not fit a budget of {format_bytes(budget_bytes)}",
            need,
            f"the smallest budget that works is {need} bytes ({format_bytes(need)})",
        )
