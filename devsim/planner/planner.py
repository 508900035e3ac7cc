"""The planner: from a profile and a budget to a plan, verified by simulation."""

from collections.abc import Sequence
from typing import NamedTuple

from devsim.core.plan import Baseline, Plan
from devsim.core.profile import Profile
from devsim.planner.ask import Ask
from devsim.planner.baselines import Compared, by_hand, compared, read_bytes_of
from devsim.planner.bound import lower_bound_ns
from devsim.planner.infeasible import require_room
from devsim.planner.less import held_back
from devsim.planner.rungs import Climbed, climb
from devsim.planner.score import NEVER, cost_of, makespan_of
from devsim.planner.search import WORK
from devsim.planner.shape import Shape
from devsim.planner.variants import with_variants
from devsim.policy.named import baseline
from devsim.policy.planned import Planned
from devsim.simulate.predict import summarise
from devsim.simulate.simulator import simulate
from devsim.simulate.workload import phases_of


def plan(profile: Profile, budget_bytes: int, iterations: dict[str, int] | None = None) -> Plan:
    """The fastest plan found for all stages of a profile under a budget.

    Args:
        profile: what every block costs.
        budget_bytes: what the process may hold, its baseline included.
        iterations: by stage, where they differ from the profile's.

    Raises:
        InfeasibleBudgetError: some block does not fit; carries the smallest budget that works.
        BadInputError: ``iterations`` names a stage that the profile does not have.
    """
    return plan_for(Ask(profile, budget_bytes, phases_of(profile, iterations or {})))


def plan_for(ask: Ask) -> Plan:
    """The best plan found for what is asked, simulated.

    Raises:
        InfeasibleBudgetError: some block does not fit; carries the smallest budget that works.
        BadInputError: a stage or a variant is asked for that the profile does not have.
    """
    return verified(solve(ask))


class Solution(NamedTuple):
    """What was found for what was asked, with the variants that were chosen."""

    ask: Ask
    climbed: Climbed
    others: list[Compared]
    held_back: tuple[Compared, ...] = ()
    """Named policies that are better than the shapes with less than is offered."""

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The best shapes."""
        return self.climbed.found.shapes


def solve(ask: Ask, seeds: Sequence[tuple[Shape, ...]] = (), work: int = WORK) -> Solution:
    """Search, with every named policy that shapes can say among the seeds.

    Raises:
        InfeasibleBudgetError: some block does not fit; carries the smallest budget that works.
        BadInputError: a stage or a variant is asked for that the profile does not have.
    """
    ask = with_variants(ask)
    require_room(ask)
    others = compared(ask.profile, ask.problem)
    climbed = climb(ask, [*seeds, *by_hand(others)], work)
    return Solution(ask, climbed, others, held_back(ask, climbed.found.cost))


def verified(solution: Solution) -> Plan:
    """The plan for shapes that were found, with what the simulator says of it.

    A named policy takes its place where it is better. What the simulator does not confirm is not
    a plan.
    """
    ask, climbed, others, less = solution
    problem = ask.problem
    best = min([*others, *less], key=lambda other: _cost(ask, other), default=None)
    if best is not None and best.figures and _cost(ask, best) < climbed.found.cost:
        name, pipeline, residency = best.policy, best.pipeline, best.residency
        expected_ns, budget_bytes = best.figures.makespan_ns, best.budget_bytes
    else:
        name, budget_bytes = "planned", climbed.budget_bytes
        shapes = climbed.found.shapes
        pipeline = problem.pipeline(
            [
                source.stage(shape.bounds)
                for source, shape in zip(problem.stages, shapes, strict=True)
            ]
        )
        residency = tuple(shape.residency for shape in shapes)
        expected_ns = makespan_of(climbed.found.cost)
    policy = Planned(residency) if name == "planned" else baseline(name, pipeline, budget_bytes)
    prediction = summarise(simulate(pipeline, policy, budget_bytes))
    if prediction.makespan_ns != expected_ns or prediction.peak_bytes > budget_bytes:
        raise AssertionError("the simulator does not confirm the plan")
    return Plan(
        schema_version=1,
        device=ask.profile.device,
        shape=ask.profile.shape,
        profile_digest=ask.profile.digest(),
        environment=ask.profile.environment,
        budget_bytes=budget_bytes,
        offered_bytes=None if budget_bytes == ask.budget_bytes else ask.budget_bytes,
        objective=ask.objective.value,
        policy=name,
        pipeline=pipeline,
        residency=residency,
        prediction=prediction,
        read_bytes=read_bytes_of(pipeline, policy),
        lower_bound_ns=lower_bound_ns(problem),
        baselines=tuple(Baseline(policy=each.policy, figures=each.figures) for each in others),
    )


def _cost(ask: Ask, other: Compared) -> int:
    """What a named policy costs by the measure of a plan's objective."""
    if other.figures is None:
        return NEVER
    return cost_of(ask.objective, other.figures.read_bytes, other.figures.makespan_ns)
