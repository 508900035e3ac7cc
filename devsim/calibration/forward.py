"""What the simulator says of an observed run, for given parameters."""

from collections.abc import Mapping

from devsim.calibration.device_model import one_variant, with_costs
from devsim.calibration.totals import ObservedRun, Quantity
from devsim.core.errors import BadInputError
from devsim.core.pipeline import Pipeline, Stage
from devsim.core.profile import Profile, StageProfile
from devsim.core.units import seconds
from devsim.policy.named import BASELINES, baseline
from devsim.policy.on_device_sora import OnDeviceSora
from devsim.policy.protocol import Policy
from devsim.simulation.costs import chunk_of, lane_speeds
from devsim.simulation.evaluate import evaluate


def predict(
    profile: Profile, run: ObservedRun, budget_bytes: int, values: Mapping[str, float]
) -> dict[Quantity, float]:
    """The quantities of a run that were observed, in seconds.

    Args:
        profile: at the run's resolution.
        run: its stages, policy and iterations.
        budget_bytes: what the process may hold.
        values: parameters by name; they replace what was not measured.

    Raises:
        BadInputError: the profile has no such stage, or there is no such policy.
        InfeasibleBudgetError: the policy cannot keep the budget.
    """
    known = [stage.name for stage in profile.stages]
    for name in run.stages:
        if name not in known:
            raise BadInputError(
                f"the profile has no stage '{name}'", f"its stages are: {', '.join(known)}"
            )
    only = with_costs(one_variant(profile, run.stages, run.variant), values)
    cut = tuple(_cut(only, stage) for stage in only.stages)

    def seconds_of(iterations: int | None) -> float:
        """How long the run takes with so many iterations of its last stage; None: all of them."""
        pipeline = _pipeline(only, cut, run.iterations, iterations)
        policy = _policy(run, pipeline, budget_bytes)
        return seconds(evaluate(pipeline, policy, budget_bytes).makespan_ns)

    def before_last_s() -> float:
        if len(cut) == 1:
            return 0.0
        pipeline = _pipeline(only, cut[:-1], run.iterations, None)
        policy = _policy(run, pipeline, budget_bytes)
        return seconds(evaluate(pipeline, policy, budget_bytes).makespan_ns)

    whole = seconds_of(None)
    asked = {figure.quantity for figure in run.figures}
    durations: dict[Quantity, float] = {"whole": whole}
    if "first_iteration" in asked:
        durations["first_iteration"] = seconds_of(1) - before_last_s()
    if "later_iteration" in asked:
        durations["later_iteration"] = seconds_of(3) - seconds_of(2)
    if "mean_iteration" in asked:
        last = run.iterations or cut[-1].iterations
        durations["mean_iteration"] = (whole - before_last_s()) / last
    return durations


def _pipeline(
    profile: Profile, cut: tuple[Stage, ...], each: int | None, last: int | None
) -> Pipeline:
    """Stages, each with ``each`` iterations and the last one with ``last``; None: as they are."""
    counts = [each] * (len(cut) - 1) + [last or each]
    return Pipeline(
        workload=profile.workload,
        baseline_bytes=profile.baseline_bytes.bytes,
        contended=lane_speeds(profile.contention),
        stages=tuple(
            stage.model_copy(update={"iterations": count or stage.iterations})
            for stage, count in zip(cut, counts, strict=True)
        ),
    )


def _cut(profile: Profile, stage: StageProfile) -> Stage:
    """One chunk a block, as an app that knows no better has it."""
    variant = next(iter(stage.blocks[0].variants))
    return Stage(
        name=stage.name,
        variant=variant,
        iterations=stage.iterations,
        boundary_bytes=stage.boundary_bytes.bytes,
        chunks=tuple(
            chunk_of(profile, stage, (n, n + 1), variant) for n in range(len(stage.blocks))
        ),
    )


def _policy(run: ObservedRun, pipeline: Pipeline, budget_bytes: int) -> Policy:
    if run.policy == OnDeviceSora.name:
        return OnDeviceSora(pipeline, budget_bytes, concurrent=run.ci, dynamic=run.dl)
    if run.policy not in BASELINES:
        raise BadInputError(f"unknown policy '{run.policy}'", f"use one of: {', '.join(BASELINES)}")
    return baseline(run.policy, pipeline, budget_bytes)
