"""``devsim.simulate``."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devsim.api.arguments import File, Size, size_bytes
from devsim.api.plans import PlanResult
from devsim.api.targets import Run, VideoSize, find_target
from devsim.core.chrome import write_trace
from devsim.core.errors import ArgumentError
from devsim.core.plan import Plan
from devsim.core.profile import Profile
from devsim.core.trace import Trace
from devsim.core.units import format_bytes, format_ns, seconds
from devsim.report.simulation_json import runs_as_json, simulation_as_json
from devsim.simulation.evaluate import Evaluation
from devsim.simulation.predict import by_stage
from devsim.simulation.request import (
    Sampling,
    Simulation,
    simulation_of_plan,
    simulation_of_profile,
)

if TYPE_CHECKING:
    import pandas

DEFAULT_POLICY = "on-device-sora"


@dataclass(frozen=True, repr=False)
class SimulationResult:
    """A simulated run, and others with drawn durations.

    Attributes:
        trace: the run.
        runs: others, of consecutive seeds; empty if only one was asked for.
        seed: of the first.
    """

    trace: Trace
    runs: tuple[Evaluation, ...] = ()
    seed: int = 0

    @property
    def makespan_s(self) -> float:
        """Of the run, in seconds."""
        return seconds(self.trace.makespan_ns)

    def to_dict(self) -> dict[str, Any]:
        """Everything, in the units people script with."""
        drawn = runs_as_json(self.runs, self.seed) if self.runs else {}
        return simulation_as_json(self.trace) | drawn

    def to_pandas(self) -> "pandas.DataFrame":
        """The stages, a row each; needs pandas."""
        import pandas

        return pandas.DataFrame.from_dict(self.to_dict()["stages"], orient="index")

    def write(self, path: File, *, force: bool = False) -> None:
        """Write the trace, which Perfetto opens; gzipped when the name ends in ``.gz``.

        Raises:
            BadInputError: the file exists and ``force`` is not given, or cannot be written.
        """
        write_trace(self.trace, Path(path), force=force)

    def __repr__(self) -> str:
        trace = self.trace
        stages = ", ".join(
            f"{name} {format_ns(totals.duration_ns)}"
            for name, totals in list(by_stage(trace).items())[:8]
        )
        return (
            f"<simulated run of {trace.workload} under {trace.policy}: "
            f"{format_ns(trace.makespan_ns)}, peak {format_bytes(trace.peak_bytes)} of "
            f"{format_bytes(trace.budget_bytes)}>\n{stages}"
        )


def simulate(
    plan: "PlanResult | Plan | File | None" = None,
    *,
    profile: Profile | File | None = None,
    device: str | None = None,
    workload: str | None = None,
    budget: Size | None = None,
    video: VideoSize | None = None,
    steps: int | None = None,
    iterations: Mapping[str, int] | None = None,
    lpl_step: int | None = None,
    tdtm_steps: int | None = None,
    policy: str | None = None,
    ci: bool | None = None,
    dl: bool | None = None,
    sampling: str = "mean",
    seed: int = 0,
    runs: int = 1,
) -> SimulationResult:
    """Run a plan, or a profile under a named policy, in simulated time.

    Args:
        plan: what to run; when None, a profile under a policy.
        profile: what every block costs; beside a plan, what durations are drawn from.
        device: the name of a device, or the path of a device file.
        workload: whose profile comes with devsim.
        budget: what may be held; when None, what the plan or the device says.
        video: the size of the video.
        steps: denoising steps.
        iterations: by stage, where they differ from the profile's.
        lpl_step: the step, counted from 0, that leaps over all later ones.
        tdtm_steps: the number of first steps that merge tokens.
        policy: ``serial``, ``on-device-sora``, ``prefix``, ``strided``, ``group-N``, ``bisect`` or
            ``all-resident``.
        ci: whether ``on-device-sora`` loads ahead while a compute runs; when None, it does.
        dl: whether ``on-device-sora`` keeps blocks loaded; when None, it does.
        sampling: which duration stands for samples: ``mean``, ``median``, or ``draw``.
        seed: of what is drawn.
        runs: how many runs are drawn.

    Raises:
        InfeasibleBudgetError: the policy cannot keep the budget.
        BadInputError: arguments that contradict each other, or name what is not there.
    """
    how = _sampling(sampling)
    if plan is None:
        name = policy or DEFAULT_POLICY
        _refuse_toggles_of_another(name, ci=ci, dl=dl)
        target = find_target(profile, device, workload, budget)
        costs = (video or VideoSize()).applied_to(target.profile)
        simulation = simulation_of_profile(
            costs,
            Run(iterations or {}, steps, lpl_step, tdtm_steps or 0).phases(costs),
            name,
            target.budget_bytes,
            loaders=target.loaders,
            concurrent=ci is not False,
            dynamic=dl is not False,
            sampling=how,
        )
        return _result(simulation, seed, runs)
    _refuse_beside_a_plan(
        device=device, workload=workload, policy=policy, steps=steps, lpl_step=lpl_step,
        tdtm_steps=tdtm_steps, iterations=iterations, ci=ci, dl=dl, **asdict(video or VideoSize()),
    )  # fmt: skip
    if profile is not None and how is Sampling.MEAN:
        raise ArgumentError(
            "`profile` beside a plan, which has its means",
            "leave it out, or choose the `sampling` draw",
        )
    made = plan.plan if isinstance(plan, PlanResult) else plan
    made = made if isinstance(made, Plan) else Plan.read(Path(made))
    drawn_from = Profile.read(Path(profile)) if isinstance(profile, str | Path) else profile
    limit = None if budget is None else size_bytes(budget)
    return _result(simulation_of_plan(made, drawn_from, how, limit), seed, runs)


def _result(simulation: Simulation, seed: int, runs: int) -> SimulationResult:
    trace = simulation.run(seed)
    drawn = simulation.runs(runs, seed) if runs > 1 else []
    return SimulationResult(trace, tuple(drawn), seed)


def _sampling(name: str) -> Sampling:
    try:
        return Sampling(name)
    except ValueError:
        raise ArgumentError(
            f"'{name}' is not a `sampling`", f"use one of: {', '.join(Sampling)}"
        ) from None


def _refuse_beside_a_plan(**given: object) -> None:
    for name, value in given.items():
        if value is not None:
            raise ArgumentError(
                f"`{name}` beside a plan, which says it already",
                "leave it out, or give a profile instead of the plan",
            )


def _refuse_toggles_of_another(policy: str, **toggles: bool | None) -> None:
    for name, value in toggles.items():
        if value is not None and policy != DEFAULT_POLICY:
            raise ArgumentError(
                f"`{name}` is of {DEFAULT_POLICY}, the policy is {policy}", "leave one of them out"
            )
