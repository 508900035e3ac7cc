"""``devsim.plan`` and ``devsim.frontier``."""

from collections.abc import Mapping

from devsim.api.arguments import File, Size, duration_ns, percentile_of
from devsim.api.plans import FrontierResult, PlanResult
from devsim.api.targets import Run, VideoSize, find_target
from devsim.core.errors import ArgumentError
from devsim.core.profile import Profile
from devsim.planner.ask import Ask
from devsim.planner.cost import Objective
from devsim.planner.planner import plan_for, verified


def plan(
    profile: Profile | File | None = None,
    *,
    device: str | None = None,
    workload: str | None = None,
    budget: Size | None = None,
    video: VideoSize | None = None,
    steps: int | None = None,
    iterations: Mapping[str, int] | None = None,
    lpl_step: int | None = None,
    tdtm_steps: int = 0,
    variants: Mapping[str, str] | None = None,
    objective: str = "latency",
    makespan: str | float | None = None,
    robust: str | int | None = None,
    sensitivity: bool = False,
    explain: bool = False,
) -> PlanResult:
    """Choose chunks and residents that fit a memory budget.

    Args:
        profile: what every block costs; when None, the one that comes with devsim.
        device: the name of a device, or the path of a device file.
        workload: whose profile comes with devsim.
        budget: what the process may hold; when None, what the device allows.
        video: the size of the video.
        steps: denoising steps.
        iterations: by stage, where they differ from the profile's.
        lpl_step: the step, counted from 0, that leaps over all later ones.
        tdtm_steps: the number of first steps that merge tokens.
        variants: by stage, the variant that must be used.
        objective: what is minimised: ``latency``, ``io`` (bytes read) or ``memory``.
        makespan: with the objective ``memory``, what must be kept: ``13m``, ``750s`` or seconds.
        robust: a percentile of drawn runs to plan for, such as ``p90``.
        sensitivity: find out what the plan depends on.
        explain: give reasons in words.

    Raises:
        InfeasibleBudgetError: some block does not fit; carries the smallest budget that works.
        BadInputError: arguments that contradict each other, or name what is not there.
    """
    target = find_target(profile, device, workload, budget)
    wanted = _objective(objective)
    _refuse_contradictions(wanted, makespan, robust, sensitivity)
    costs = (video or VideoSize()).applied_to(target.profile)
    phases = Run(iterations or {}, steps, lpl_step, tdtm_steps).phases(costs)
    ask = Ask(costs, target.budget_bytes, phases, target.loaders, wanted, variants or {})
    if sensitivity:
        from devsim.planner.sensitivity import sensitivity as sensitivity_of
        from devsim.planner.solver import solve

        solution = solve(ask)
        return PlanResult.of(ask, verified(solution), sensitivity_of(solution), explain=explain)
    if makespan is not None:
        from devsim.planner.frontier import least_memory

        return PlanResult.of(ask, least_memory(ask, duration_ns(makespan)), explain=explain)
    if robust is not None:
        from devsim.planner.robust import robust_plan

        return PlanResult.of(ask, robust_plan(ask, percentile_of(robust)), explain=explain)
    return PlanResult.of(ask, plan_for(ask), explain=explain)


def frontier(
    profile: Profile | File | None = None,
    *,
    device: str | None = None,
    workload: str | None = None,
    budget: Size | None = None,
    video: VideoSize | None = None,
    steps: int | None = None,
    iterations: Mapping[str, int] | None = None,
    lpl_step: int | None = None,
    tdtm_steps: int = 0,
    variants: Mapping[str, str] | None = None,
) -> FrontierResult:
    """Find every budget from which a faster plan is possible; see ``plan`` for the arguments.

    Raises:
        BadInputError: arguments that contradict each other, or name what is not there.
    """
    from devsim.planner.frontier import frontier as frontier_of

    target = find_target(profile, device, workload, budget)
    costs = (video or VideoSize()).applied_to(target.profile)
    phases = Run(iterations or {}, steps, lpl_step, tdtm_steps).phases(costs)
    ask = Ask(costs, target.budget_bytes, phases, target.loaders, variants=variants or {})
    title = f"{costs.workload} on {costs.device}, {costs.shape}"
    return FrontierResult(title, tuple(frontier_of(ask)))


def _objective(name: str) -> Objective:
    try:
        return Objective(name)
    except ValueError:
        known = ", ".join(Objective)
        raise ArgumentError(f"'{name}' is not an objective", f"use one of: {known}") from None


def _refuse_contradictions(
    objective: Objective,
    makespan: str | float | None,
    robust: str | int | None,
    sensitivity: bool,
) -> None:
    if (objective is Objective.MEMORY) != (makespan is not None):
        raise ArgumentError(
            "`objective` memory and `makespan` go together",
            "give both, for example `objective` memory and `makespan` 13m",
        )
    named = {"robust": robust is not None, "sensitivity": sensitivity}
    given = [name for name, value in named.items() if value]
    if objective is not Objective.LATENCY and given:
        raise ArgumentError(f"`{given[0]}` is for `objective` latency", "leave one of them out")
    if len(given) > 1:  # each answers about another plan
        raise ArgumentError(f"`{given[0]}` comes with `{given[1]}`", "leave one of them out")
