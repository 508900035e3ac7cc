"""One simulation, ready to run: a pipeline, a policy, a budget, and what its durations are."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from devsim.core.errors import BadInputError
from devsim.core.pipeline import Pipeline
from devsim.core.plan import Plan
from devsim.core.profile import Profile, Samples, StageProfile
from devsim.core.trace import Trace
from devsim.policy.named import baseline, policy_of
from devsim.policy.protocol import Policy
from devsim.simulation.costs import mean_ns, median_ns
from devsim.simulation.cut import cut_for
from devsim.simulation.draw import Sampler, many_runs
from devsim.simulation.evaluate import Evaluation
from devsim.simulation.simulator import simulate
from devsim.simulation.workload import Bounds, Phases, pipeline_for


class Sampling(StrEnum):
    """What a duration is, where an activity was measured several times."""

    MEAN = "mean"
    MEDIAN = "median"
    DRAW = "draw"


class Simulation(NamedTuple):
    """What to run; without a sampler, at the pipeline's own durations."""

    pipeline: Pipeline
    policy: Policy
    budget_bytes: int
    sampler: Sampler | None

    def run(self, seed: int) -> Trace:
        """One run.

        Raises:
            InfeasibleBudgetError: the policy cannot keep the budget.
        """
        durations = self.sampler.durations(seed) if self.sampler else None
        return simulate(self.pipeline, self.policy, self.budget_bytes, durations)

    def runs(self, count: int, seed: int) -> list[Evaluation]:
        """Many runs with drawn durations, of consecutive seeds.

        Raises:
            BadInputError: there is nothing to draw from.
        """
        if self.sampler is None:
            raise BadInputError("all runs would be the same", "add --sampling draw")
        seeds = range(seed, seed + count)
        return many_runs(self.pipeline, self.policy, self.budget_bytes, self.sampler, seeds)


def simulation_of_plan(
    plan: Plan, profile: Profile | None, sampling: Sampling, budget_bytes: int | None
) -> Simulation:
    """A plan, at its own durations or at those drawn from a profile's samples.

    Raises:
        BadInputError: drawing without a profile, or from one of other blocks; or medians, which a
            plan does not hold.
    """
    if sampling is Sampling.MEDIAN:
        raise BadInputError("a plan holds means, not medians", "simulate its profile and a policy")
    if sampling is Sampling.DRAW and profile is None:
        raise BadInputError("a plan holds no samples to draw from", "add the plan's --profile FILE")
    sampler = Sampler(profile, plan.pipeline) if profile and sampling is Sampling.DRAW else None
    budget_bytes = budget_bytes or plan.budget_bytes
    return Simulation(plan.pipeline, policy_of(plan), budget_bytes, sampler)


def simulation_of_profile(
    profile: Profile,
    phases: Phases,
    policy: str,
    budget_bytes: int,
    *,
    loaders: int = 1,
    concurrent: bool = True,
    dynamic: bool = True,
    sampling: Sampling = Sampling.MEAN,
) -> Simulation:
    """A profile under a named policy, in that policy's cut.

    Args:
        profile: what every block costs.
        phases: variants and iterations by stage.
        policy: its name.
        budget_bytes: what may be held.
        loaders: loads that may run at once.
        concurrent: ``on-device-sora`` loads ahead while a compute runs.
        dynamic: ``on-device-sora`` keeps blocks loaded.
        sampling: what a duration is.

    Raises:
        BadInputError: there is no such policy.
    """

    def cut(stage: StageProfile) -> Bounds:
        return cut_for(policy, stage)

    typical: Callable[[Samples], int] = median_ns if sampling is Sampling.MEDIAN else mean_ns
    pipeline = pipeline_for(profile, phases, cut, loaders=loaders, typical=typical)
    made = baseline(policy, pipeline, budget_bytes, concurrent=concurrent, dynamic=dynamic)
    sampler = Sampler(profile, pipeline) if sampling is Sampling.DRAW else None
    return Simulation(pipeline, made, budget_bytes, sampler)
