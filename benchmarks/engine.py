"""How fast the two engines are: ``python benchmarks/engine.py [PROFILE]``.

Prints ratios of medians of processor time, measured in turns in one run: the simulator against a
bare simpy loop of as many timeouts as it has activities, and the fast evaluator against it.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import simpy

from devsim.core.pipeline import Pipeline
from devsim.core.profile import Profile
from devsim.core.shipped import profile_path
from devsim.policy.named import baseline
from devsim.simulate.cut import cut_for
from devsim.simulate.evaluate import Evaluator, evaluate
from devsim.simulate.simulator import simulate
from devsim.simulate.workload import phases_of, pipeline_for

BUDGET_BYTES = 3_300_000_000
POLICIES = ("serial", "on-device-sora", "strided")
ROUNDS = 15


def main() -> None:
    path = sys.argv[1] if len(sys.argv) > 1 else profile_path("open-sora-v1.2", "iphone15pro")
    profile = Profile.read(Path(path))
    made = pipeline_for(profile, phases_of(profile, {}), lambda stage: cut_for("serial", stage))
    slowed = {"load_ppm": 800_000, "compute_ppm": 900_000}
    contended = made.model_copy(
        update={"contended": made.contended.model_copy(update=slowed), "units": {}}
    )
    print("contention policy          activities  simulated  a bare timeout  ratio  evaluator")
    for name, pipeline in (("none", made), ("some", contended)):
        for policy_name in POLICIES:
            print(f"{name:10} {policy_name:15} {row(pipeline, policy_name)}")


def row(pipeline: Pipeline, policy_name: str) -> str:
    policy = baseline(policy_name, pipeline, BUDGET_BYTES)
    prepared = Evaluator(pipeline)
    count = len(simulate(pipeline, policy, BUDGET_BYTES).spans)
    simulated, bare, once, often = medians(
        lambda: simulate(pipeline, policy, BUDGET_BYTES),
        lambda: timeouts(count),
        lambda: evaluate(pipeline, policy, BUDGET_BYTES),
        lambda: prepared.evaluate(policy, BUDGET_BYTES),
    )
    return (
        f"{count:11}  {simulated * 1e3:6.2f} ms  {bare / count * 1e6:11.2f} us  "
        f"{bare / simulated:5.2f}  {often * 1e6:4.0f} us: x{simulated / often:.0f}, "
        f"made anew x{simulated / once:.0f}"
    )


def medians(*runs: Callable[[], object]) -> list[float]:
    """Median seconds of each, run in turns."""
    took: list[list[float]] = [[] for _ in runs]
    for _ in range(ROUNDS):
        for run, seconds in zip(runs, took, strict=True):
            started = time.process_time()
            run()
            seconds.append(time.process_time() - started)
    return [statistics.median(seconds) for seconds in took]


def timeouts(count: int) -> None:
    env = simpy.Environment()

    def wait():
        for _ in range(count):
            yield env.timeout(1)

    env.process(wait())
    env.run()


if __name__ == "__main__":
    main()
