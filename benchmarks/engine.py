"""How fast the two engines are: ``python benchmarks/engine.py [PROFILE]``.

Prints ratios of medians of processor time, measured in turns in one run: the simulator against a
bare simpy loop of as many timeouts as it has activities, alone and with a trace's spans made from
what it wrote down; and the fast evaluator against the simulator alone.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import simpy

from devsim.compiled import form
from devsim.core.pipeline import LaneSpeeds, Pipeline
from devsim.core.profile import Profile
from devsim.core.shipped import profile_path
from devsim.policy.named import baseline
from devsim.simulation.cut import cut_for
from devsim.simulation.evaluate import Evaluator, evaluate
from devsim.simulation.simulator import simulate
from devsim.simulation.workload import phases_of, pipeline_for

BUDGET_BYTES = 3_300_000_000
POLICIES = ("serial", "on-device-sora", "strided")
ROUNDS = 15


def main() -> None:
    path = sys.argv[1] if len(sys.argv) > 1 else profile_path("open-sora-v1.2", "iphone15pro")
    profile = Profile.read(Path(path))
    video = pipeline_for(profile, phases_of(profile, {}), lambda stage: cut_for("serial", stage))
    denoiser = video.model_copy(update={"stages": video.stages[1:2]})
    print(form())
    print("stages    contention  policy          activities  simulator     with spans  evaluator")
    for stages, contended in (("all", video), ("denoiser", denoiser)):
        plain = contended.model_copy(update={"contended": LaneSpeeds(), "units": {}})
        for contention, pipeline in (("profile's", contended), ("none", plain)):
            for policy in POLICIES:
                print(f"{stages:9} {contention:11} {policy:15} {row(pipeline, policy)}")


def row(pipeline: Pipeline, policy_name: str) -> str:
    policy = baseline(policy_name, pipeline, BUDGET_BYTES)
    prepared = Evaluator(pipeline)
    count = len(simulate(pipeline, policy, BUDGET_BYTES).spans)
    simulated, spanned, bare, once, often = medians(
        lambda: simulate(pipeline, policy, BUDGET_BYTES),
        lambda: tuple(simulate(pipeline, policy, BUDGET_BYTES).spans),
        lambda: timeouts(count),
        lambda: evaluate(pipeline, policy, BUDGET_BYTES),
        lambda: prepared.evaluate(policy, BUDGET_BYTES),
    )
    return (
        f"{count:10}  {simulated * 1e3:5.2f} ms {bare / simulated:4.2f}  {bare / spanned:10.2f}  "
        f"{often * 1e6:4.0f} us: x{simulated / often:.0f}, made anew x{simulated / once:.0f}"
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
