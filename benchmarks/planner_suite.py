"""Small planning problems and their optima: solve them anew, or hold the planner against them.

    python benchmarks/planner_suite.py solve    # writes tests/planner/suite.json.gz (minutes)
    python benchmarks/planner_suite.py check    # plans every instance, compares with its optimum

``solve`` tries every plan of every instance (``tests/planner/exact.py``) and needs nothing of the
planner, so it makes the same file until the rules of a schedule change. Both end with status 1 if
something is not as it should be.
"""

import statistics
import sys
import time
from pathlib import Path

_TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path[:0] = [str(_TESTS / "planner"), str(_TESTS)]


def solve() -> bool:
    from exact import optimum
    from suite import PATH, suite_instances, write_suite

    instances = suite_instances()
    optima = []
    for number, instance in enumerate(instances):
        optima.append(optimum(instance))
        print(f"\r{number + 1} of {len(instances)}", end="", file=sys.stderr)
    before = PATH.read_bytes() if PATH.exists() else b""
    write_suite(PATH, instances, optima)
    print(f"\n{PATH}: {'unchanged' if PATH.read_bytes() == before else 'written'}")
    return True


def check() -> bool:
    from suite import Ratio, ratios, read_suite

    started = time.perf_counter()
    found: list[Ratio] = ratios(read_suite())
    took_s = time.perf_counter() - started
    worst = sorted(found, key=lambda each: each.to_optimum, reverse=True)
    within = {
        share: sum(each.to_optimum <= 1 + share for each in found) for share in (0, 0.01, 0.05)
    }
    print(f"{len(found)} instances, {took_s / len(found) * 1000:.0f} ms each")
    for share, count in within.items():
        print(f"within {share:.0%} of the optimum: {count} ({count / len(found):.1%})")
    print("worst:", ", ".join(f"{each.to_optimum:.4f} ({each.kind})" for each in worst[:5]))
    print(f"optimum over bound, median: {statistics.median(e.to_bound for e in found):.3f}")
    print(f"bound above the optimum: {sum(each.to_bound < 1 for each in found)}")
    return (
        within[0.01] >= 0.97 * len(found)
        and within[0.05] == len(found)
        and all(each.to_bound >= 1 for each in found)
    )


if __name__ == "__main__":
    commands = {"solve": solve, "check": check}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    sys.exit(not commands[sys.argv[1]]())
