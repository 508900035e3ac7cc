"""How the planner's time grows with blocks and with iterations, in CPU seconds.

    python benchmarks/planner_scale.py

The steady state repeats, so iterations should cost almost nothing. The last rows are the shipped
profile of the whole video, and 1,000 blocks over 100 iterations.
"""

import sys
import time
from pathlib import Path

from devsim.core.profile import Profile
from devsim.core.shipped import profile_path, read_device
from devsim.planner.ask import Ask
from devsim.planner.planner import plan_for
from devsim.simulation.workload import phases_of

_TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path[:0] = [str(_TESTS / "planner"), str(_TESTS)]


def took_s(profile: Profile, budget_bytes: int) -> float:
    started = time.process_time()
    plan_for(Ask(profile, budget_bytes, phases_of(profile, {})))
    return time.process_time() - started


def main() -> None:
    from instances import instance, profile_of

    def row(blocks: int, iterations: int) -> None:
        one = instance("load", 1, (blocks,), (iterations,))
        print(
            f"{blocks:>6} blocks {iterations:>5} iterations "
            f"{took_s(profile_of(one), one.budget):>8.2f}"
        )

    row(10, 10)
    for blocks in (30, 100, 300):
        row(blocks, 30)
    for iterations in (5, 50, 500):
        row(100, iterations)
    device = read_device("iphone15pro")
    video = Profile.read(profile_path("open-sora-v1.2", device.name))
    print(
        f"{'whole video, ' + device.name:<30}{took_s(video, int(device.budget_bytes.value)):>6.2f}"
    )
    row(1000, 100)


if __name__ == "__main__":
    main()
