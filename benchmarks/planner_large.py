"""The planner on large problems: its gap to the lower bound, and the named policies beside it.

    python benchmarks/planner_large.py [COUNT]    # 200 problems unless told: minutes

30 to 300 blocks, 5 to 50 iterations, of every kind that ``tests/planner/instances.py`` draws. Ends
with status 1 if the median gap is above 3 % or a named policy is faster anywhere.
"""

import random
import statistics
import sys
import time
from pathlib import Path

_TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path[:0] = [str(_TESTS / "planner"), str(_TESTS)]


def main(count: int) -> bool:
    from instances import KINDS, instance, profile_of

    from devsim.planner.ask import Ask
    from devsim.planner.planner import plan_for
    from devsim.simulation.workload import phases_of

    gaps: dict[str, list[float]] = {kind: [] for kind in KINDS}
    slower = 0
    took = []
    for seed in range(count):
        draw = random.Random(seed)
        kind = KINDS[seed % len(KINDS)]
        one = instance(kind, seed, (draw.randint(30, 300),), (draw.randint(5, 50),))
        profile = profile_of(one)
        started = time.process_time()
        made = plan_for(Ask(profile, one.budget, phases_of(profile, {})))
        took.append(time.process_time() - started)
        gaps[kind].append(made.gap)
        others = [b.figures.makespan_ns for b in made.baselines if b.figures]
        slower += made.prediction.makespan_ns > min(others)
    every = [gap for kind in KINDS for gap in gaps[kind]]
    print(f"{'kind':<12}{'problems':>9}{'median gap':>12}{'worst':>8}")
    for kind in KINDS:
        if gaps[kind]:
            row = gaps[kind]
            print(f"{kind:<12}{len(row):>9}{statistics.median(row):>12.2%}{max(row):>8.1%}")
    print(f"{'all':<12}{len(every):>9}{statistics.median(every):>12.2%}{max(every):>8.1%}")
    print(f"slower than a named policy: {slower}")
    print(f"CPU time a plan: median {statistics.median(took):.2f} s, most {max(took):.2f} s")
    return statistics.median(every) <= 0.03 and not slower


if __name__ == "__main__":
    sys.exit(not main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
