"""The planner: from a profile and a budget to a plan, verified by simulation."""

from typing import NamedTuple

from devsim.core.errors import InfeasibleBudgetError
from devsim.core.pipeline import Pipeline
from devsim.core.plan import Baseline, Plan, Prediction, Residency
from devsim.core.profile import Profile
from devsim.core.units import format_bytes
from devsim.planner.bound import lower_bound_ns
from devsim.planner.cut import cut_stage, iterations_of, pipeline_of
from devsim.planner.search import best_for_stage
from devsim.policy.feasible import smallest_budget_bytes
from devsim.policy.named import BASELINES, baseline
from devsim.policy.order import kept_before, positions
from devsim.policy.planned import Planned
from devsim.policy.protocol import Policy
from devsim.policy.serial import Serial
from devsim.simulate.predict import summarise
from devsim.simulate.simulator import simulate


class _Schedule(NamedTuple):
    """A policy on a cut, and what that is predicted to cost."""

    policy: str
    pipeline: Pipeline
    residency: tuple[Residency, ...]
    prediction: Prediction


def plan(profile: Profile, budget_bytes: int, iterations: dict[str, int] | None = None) -> Plan:
    """Search a plan for every stage of a profile under a budget.

    The search takes each stage on its own and a few shapes of each; where a baseline turns out
    faster than what it finds, the plan is that baseline.

    Args:
        profile: what every block costs.
        budget_bytes: what the process may hold, its baseline included.
        iterations: by stage, where they differ from the profile's.

    Raises:
        InfeasibleBudgetError: some block does not fit; carries the smallest budget that works.
        BadInputError: ``iterations`` names a stage that the profile does not have.
    """
    counts = iterations_of(profile, iterations or {})
    blocks = pipeline_of(
        profile, tuple(cut_stage(profile, stage, 1, counts[stage.name]) for stage in profile.stages)
    )
    _require_room(blocks, budget_bytes)
    baselines = [_baseline(name, blocks, budget_bytes) for name in BASELINES]
    schedules = [_search(profile, counts, budget_bytes), *(each for each in baselines if each)]
    best = min(schedules, key=lambda schedule: schedule.prediction.makespan_ns)
    return Plan(
        schema_version=1,
        device=profile.device,
        shape=profile.shape,
        profile_digest=profile.digest(),
        environment=profile.environment,
        budget_bytes=budget_bytes,
        policy=best.policy,
        pipeline=best.pipeline,
        residency=best.residency,
        prediction=best.prediction,
        lower_bound_ns=lower_bound_ns(profile, blocks, budget_bytes),
        baselines=tuple(
            Baseline(policy=name, prediction=each.prediction if each else None)
            for name, each in zip(BASELINES, baselines, strict=True)
        ),
    )


def _search(profile: Profile, counts: dict[str, int], budget_bytes: int) -> _Schedule:
    """The best candidate of each stage on its own, together.

    The largest stage's boundary tensors are held throughout, so the others have that less.
    """
    largest_bytes = max(stage.boundary_bytes.bytes for stage in profile.stages)
    chosen = []
    for stage in profile.stages:
        room_bytes = budget_bytes - largest_bytes + stage.boundary_bytes.bytes
        candidate = best_for_stage(profile, stage, counts[stage.name], room_bytes)
        if candidate is None:
            raise AssertionError("one chunk a block and nothing resident was checked to fit")
        chosen.append(candidate)
    pipeline = pipeline_of(profile, tuple(candidate.stage for candidate in chosen))
    residency = tuple(candidate.residency for candidate in chosen)
    trace = simulate(pipeline, Planned(residency), budget_bytes)
    return _Schedule("planned", pipeline, residency, summarise(trace))


def _baseline(name: str, blocks: Pipeline, budget_bytes: int) -> _Schedule | None:
    policy = baseline(name, blocks, budget_bytes)
    try:
        trace = simulate(blocks, policy, budget_bytes)
    except InfeasibleBudgetError:
        return None
    return _Schedule(name, blocks, _residency(policy, blocks), summarise(trace))


def _residency(policy: Policy, pipeline: Pipeline) -> tuple[Residency, ...]:
    """What a baseline keeps and loads ahead, for people to read: in a run it decides itself."""
    order = positions(pipeline)
    kept = {at for at, was_kept in zip(order, kept_before(policy, order), strict=True) if was_kept}
    return tuple(
        Residency(
            resident=tuple(sorted({at.chunk for at in kept if at.stage == number})),
            window=0 if isinstance(policy, Serial) else 1,
        )
        for number in range(len(pipeline.stages))
    )


def _require_room(blocks: Pipeline, budget_bytes: int) -> None:
    need, culprit = smallest_budget_bytes(blocks)
    if need > budget_bytes:
        raise InfeasibleBudgetError(
            f"{culprit} does not fit a budget of {format_bytes(budget_bytes)}",
            need,
            f"the smallest budget that works is {need} bytes ({format_bytes(need)})",
        )
