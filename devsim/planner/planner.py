"""The planner: from a profile and a budget to a plan, verified by simulation."""

from typing import NamedTuple

from devsim.core.errors import InfeasibleBudgetError
from devsim.core.pipeline import Pipeline
from devsim.core.plan import Baseline, Plan
from devsim.core.profile import Profile
from devsim.planner.ask import Ask
from devsim.planner.baselines import Hand, read_bytes_of, residency_of
from devsim.planner.book import NEVER
from devsim.planner.bound import lower_bound_ns
from devsim.planner.every import best_of_all, least_budget_for_less
from devsim.planner.hand import best_by_hand
from devsim.planner.infeasible import require_room
from devsim.planner.ladder import Ladder
from devsim.planner.score import cost_of, makespan_of
from devsim.planner.search import Found, has_few_shapes
from devsim.planner.shape import Shape
from devsim.planner.variants import with_variants
from devsim.policy.planned import Planned
from devsim.policy.protocol import Policy
from devsim.simulate.evaluate import evaluate
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
    found: Found
    """The best shapes, and the cost of what is run."""
    budget_bytes: int
    """What it is run with: at most what is asked for."""
    hands: list[Hand]
    instead: Hand | None = None
    """A named policy that is better than any shapes, and is run."""

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The best shapes."""
        return self.found.shapes

    @property
    def makespan_ns(self) -> int:
        """What it takes, by the fast evaluator."""
        return makespan_of(self.found.cost)

    def schedule(self, budget_bytes: int) -> tuple[Pipeline, Policy]:
        """What is run, under a budget."""
        if self.instead:
            return self.instead.pipeline, self.instead.under(budget_bytes)
        problem = self.ask.problem
        cut = [
            source.stage(shape.bounds)
            for source, shape in zip(problem.stages, self.shapes, strict=True)
        ]
        return problem.pipeline(cut), Planned(tuple(shape.residency for shape in self.shapes))

    def cost(self, budget_bytes: int) -> int:
        """What it costs under a budget."""
        pipeline, policy = self.schedule(budget_bytes)
        try:
            makespan_ns = evaluate(pipeline, policy, budget_bytes).makespan_ns
        except InfeasibleBudgetError:
            return NEVER
        return cost_of(self.ask.objective, read_bytes_of(pipeline, policy), makespan_ns)


def solve(ask: Ask) -> Solution:
    """Search, at the variants that are best.

    Raises:
        InfeasibleBudgetError: some block does not fit; carries the smallest budget that works.
        BadInputError: a stage or a variant is asked for that the profile does not have.
    """
    ask = with_variants(ask)
    require_room(ask)
    return climb(ask, Ladder(ask))


def climb(ask: Ask, ladder: Ladder) -> Solution:
    """The best that a budget is enough for, of shapes and of what named policies do.

    Args:
        ask: with a budget under which the finest cut fits.
        ladder: of the same, whatever its budget.
    """
    if has_few_shapes(ask.problem):
        found, to_bytes = best_of_all(ask)
        least = least_budget_for_less(ask, found.cost)
    else:
        (cost, run, shapes), least = ladder.best(ask.budget_bytes)
        found, to_bytes = Found(cost, shapes), run.to_bytes
    instead = None
    by_hand = best_by_hand(ladder.hands, ask.objective, found.cost, least, ask.budget_bytes)
    if by_hand:
        found, to_bytes = Found(by_hand.cost, by_hand.shapes or found.shapes), by_hand.run.to_bytes
        instead = None if by_hand.shapes else by_hand.hand
    solution = Solution(ask, found, min(to_bytes, ask.budget_bytes), ladder.hands, instead)
    if solution.cost(ask.budget_bytes) == found.cost:
        return solution._replace(budget_bytes=ask.budget_bytes)
    return solution


def verified(solution: Solution) -> Plan:
    """The plan for what was found, with what the simulator says of it.

    What the simulator does not confirm is not a plan.
    """
    ask, budget_bytes = solution.ask, solution.budget_bytes
    pipeline, policy = solution.schedule(budget_bytes)
    prediction = summarise(simulate(pipeline, policy, budget_bytes))
    if prediction.makespan_ns != solution.makespan_ns or prediction.peak_bytes > budget_bytes:
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
        policy=policy.name,
        pipeline=pipeline,
        residency=policy.residency
        if isinstance(policy, Planned)
        else residency_of(policy, pipeline),
        prediction=prediction,
        read_bytes=read_bytes_of(pipeline, policy),
        lower_bound_ns=lower_bound_ns(ask.problem),
        baselines=tuple(
            Baseline(policy=hand.name, figures=hand.figures(ask.budget_bytes))
            for hand in solution.hands
        ),
    )
