"""The planner: from a profile and a budget to a plan, verified by simulation."""

from devsim.core.pipeline import Pipeline
from devsim.core.plan import Baseline, Plan, package_key
from devsim.core.profile import Profile
from devsim.planner.ask import Ask
from devsim.planner.baselines import read_bytes_of, residency_of
from devsim.planner.bound import lower_bound_ns
from devsim.planner.solver import Solution, solve
from devsim.policy.planned import Planned
from devsim.simulation.predict import summarise
from devsim.simulation.simulator import simulate
from devsim.simulation.workload import phases_of


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
        packages=_packages(ask.profile, pipeline),
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


def _packages(profile: Profile, pipeline: Pipeline) -> dict[str, str]:
    """The digests of all packages that a pipeline runs, as far as the profile knows them."""
    stages = {stage.name: stage for stage in profile.stages}
    found = {}
    for stage in pipeline.stages:
        blocks = {block.name: block for block in stages[stage.name].blocks}
        default = next(iter(stages[stage.name].blocks[0].variants))
        for chunk in stage.chunks:
            variant = chunk.variant or stage.variant
            for name in chunk.blocks:
                variants = blocks[name].variants
                digest = variants.get(variant, variants[default]).digest
                if digest:
                    found[package_key(stage.name, variant, name)] = digest
    return found
