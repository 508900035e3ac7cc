"""The predicted peak against real runs: ten convolutional models, cut into blocks.

    python benchmarks/peaks.py [FOLDER] [MODEL...]

Each is converted into FOLDER (kept for the next time), split, profiled, and planned for the least
memory that any plan is made for, and for ample memory; each plan is run, by its blocks and by its
chunks joined, and its predicted peak is put beside the largest footprint that was sampled.
"""

import sys
import tempfile
from pathlib import Path

from conv_models import MODELS, convert

from devsim.analysis.expected import expected_peak_bytes
from devsim.convert.mil.chunks import join_chunks
from devsim.convert.mil.split import IntoBlocks, split_package
from devsim.core.errors import InfeasibleBudgetError
from devsim.core.plan import Plan
from devsim.core.profile import Profile
from devsim.execute.measure import Effort
from devsim.execute.measured import Keep, profile_folder, run_plan
from devsim.execute.recording import Recording
from devsim.execute.requests import Setting
from devsim.execute.sampler import SAMPLE_EVERY_NS
from devsim.planner.planner import plan
from devsim.policy.named import policy_of
from devsim.simulation.simulator import simulate

BLOCKS = 6
RUNS = 2
EFFORT = Effort(cold_samples=1, samples=2, warmup=1)
AMPLE = 10**11


def main(folder: Path, names: list[str]) -> None:
    """Print a line for every plan."""
    folder.mkdir(parents=True, exist_ok=True)
    print(f"{'model':18}{'budget':12}{'packages':10}{'predicted':>11}{'measured':>11}{'error':>8}")
    worst = 0.0
    for name in names or MODELS:
        package, blocks = folder / f"{name}.mlpackage", folder / name
        if not package.exists():
            convert(name, package)
        split_package(package, blocks, IntoBlocks(BLOCKS, "flops"), force=True)
        profile = profiled(blocks)
        for budget, label in ((least_budget(profile), "least"), (AMPLE, "ample")):
            made = plan(profile, budget)
            chunks = folder / f"{name}-chunks"
            join_chunks(made, blocks, chunks, force=True)
            for models, kind in ((blocks, "blocks"), (chunks, "joined")):
                predicted, measured = peaks(made, models)
                error = predicted / measured - 1
                worst = max(worst, abs(error))
                print(
                    f"{name:18}{label:12}{kind:10}{predicted / 1e6:8.1f} MB{measured / 1e6:8.1f} MB"
                    f"{error:+8.1%}  {len(made.pipeline.stages[0].chunks)} chunks",
                    flush=True,
                )
    print(f"largest error {worst:.1%}")


def profiled(blocks: Path) -> Profile:
    """Measure the blocks on one thread."""
    with tempfile.TemporaryDirectory() as part:
        return profile_folder(setting(blocks), EFFORT, Path(part) / "part", lambda *_: None)


def setting(models: Path) -> Setting:
    """The reference runtime on one thread."""
    return Setting(models=models.resolve(), runtime="reference", threads=1)


def least_budget(profile: Profile) -> int:
    """The smallest budget that is not refused."""
    try:
        plan(profile, 1)
    except InfeasibleBudgetError as refused:
        return refused.smallest_budget_bytes
    raise AssertionError("no process holds one byte")


def peaks(made: Plan, models: Path) -> tuple[int, int]:
    """The peak that a plan leads one to expect, and the largest of its runs."""
    trace = simulate(made.pipeline, policy_of(made), made.budget_bytes)
    expected = expected_peak_bytes(made.pipeline, trace, SAMPLE_EVERY_NS)
    runs = [
        run_plan(made, setting(models), Keep(Recording(made)), lambda *_: None) for _ in range(RUNS)
    ]
    return expected, max(run.trace.peak_bytes for run in runs)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "models/peaks"), sys.argv[2:])
