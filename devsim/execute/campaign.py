"""A plan run several times, in turns with the policies that it is compared with."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from devsim.core.errors import InfeasibleBudgetError
from devsim.core.plan import Plan
from devsim.execute.baselines import baseline_plan
from devsim.execute.inputs import stage_inputs, write_inputs
from devsim.execute.measured import (
    Conditions,
    Keep,
    MeasuredRun,
    OnProgress,
    run_plan,
    run_unchunked,
)
from devsim.execute.models import Models
from devsim.execute.outputs import StageDigests
from devsim.execute.outputs_check import OutputsCheck, check_outputs
from devsim.execute.recording import Recording
from devsim.execute.requests import Setting
from devsim.policy.feasible import require_feasible
from devsim.policy.named import policy_of


class Baseline(NamedTuple):
    """A named policy's plan and its runs; none where it cannot keep the budget."""

    plan: Plan
    runs: tuple[MeasuredRun, ...]


class Campaign(NamedTuple):
    """Everything that was run."""

    runs: tuple[MeasuredRun, ...]
    outputs: OutputsCheck
    baselines: tuple[Baseline, ...]


def run_campaign(
    plan: Plan,
    setting: Setting,
    runs: int,
    policies: Sequence[str],
    conditions: Conditions,
    on_run: Callable[[Recording, str], OnProgress],
    unchunked: Path | None = None,
    inputs: Path | None = None,
) -> Campaign:
    """Run a plan, and named policies on its packages, in turns.

    Args:
        plan: what to run.
        setting: the models and what they are run with.
        runs: how often each is run.
        policies: named policies that take turns with the plan.
        conditions: what every run has to bear.
        on_run: called before every run with its recording and what it is; gives its progress.
        unchunked: another folder of the same model's packages, or the package that they were
            split from, to compare the outputs with.
        inputs: what stages are given, ``.npz``; the rest is drawn.

    Raises:
        BadInputError: the folder does not hold what the plan needs.
        InfeasibleBudgetError: the plan's own policy cannot keep its budget.
        WorkerError: a run failed; the recording has it up to then.
    """
    models = Models.open(setting.models)
    models.require_profiled(plan)
    require_feasible(plan.pipeline, policy_of(plan), plan.budget_bytes)
    others = [baseline_plan(plan, name, models) for name in policies]
    feasible = [other for other in others if _fits(other)]
    done: dict[str, list[MeasuredRun]] = {other.policy: [] for other in others}
    ours: list[MeasuredRun] = []
    with tempfile.TemporaryDirectory(prefix="devsim-") as folder:
        given, expected = Path(folder) / "inputs.npz", Path(folder) / "expected.npz"
        write_inputs(given, stage_inputs(models, inputs))
        digests = run_unchunked(plan, _of_folder(setting, unchunked), expected, given)
        outputs: list[tuple[Sequence[StageDigests], Path]] = []
        for number in range(runs):
            path = Path(folder) / f"run-{number}.npz"
            recording = Recording(plan)
            label = f"run {number + 1} of {runs}"
            keep = Keep(recording, path, given)
            ours.append(run_plan(plan, setting, keep, on_run(recording, label), conditions))
            outputs.append((ours[-1].outputs, path))
            for other in feasible:
                recording = Recording(other)
                show = on_run(recording, f"{label}, {other.policy}")
                done[other.policy].append(
                    run_plan(other, setting, Keep(recording, None, given), show, conditions)
                )
        check = check_outputs(setting.runtime, (digests, expected), outputs)
    baselines = tuple(Baseline(other, tuple(done[other.policy])) for other in others)
    return Campaign(tuple(ours), check, baselines)


def _of_folder(setting: Setting, folder: Path | None) -> Setting:
    return setting if folder is None else setting.model_copy(update={"models": folder.resolve()})


def _fits(plan: Plan) -> bool:
    try:
        require_feasible(plan.pipeline, policy_of(plan), plan.budget_bytes)
    except InfeasibleBudgetError:
        return False
    return True
