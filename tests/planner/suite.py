"""The committed suite: small instances and their optima."""

import gzip
import json
from pathlib import Path
from typing import Any, NamedTuple

from exact import Optimum
from instances import KINDS, Block, Instance, instance, profile_of

from devsim.planner.bound import lower_bound_ns
from devsim.planner.problem import problem_of
from devsim.planner.search import search
from devsim.simulation.workload import phases_of

PATH = Path(__file__).parent / "suite.json.gz"
_SINGLE, _PAIRS = range(3, 11), ((2, 2), (3, 3), (4, 3), (4, 4))
_SEEDS_SINGLE, _SEEDS_PAIRS = 6, 5


class Solved(NamedTuple):
    """An instance and the best makespan of any plan for it."""

    instance: Instance
    optimum_ns: int


def suite_instances() -> list[Instance]:
    """Every instance of the suite: each kind at each size, with one to four iterations."""
    shapes = [((size,), seed) for size in _SINGLE for seed in range(_SEEDS_SINGLE)]
    shapes += [(sizes, seed) for sizes in _PAIRS for seed in range(_SEEDS_PAIRS)]
    return [
        instance(kind, seed, sizes, tuple(1 + (seed + 3 - n) % 4 for n in range(len(sizes))))
        for kind in KINDS
        for sizes, seed in shapes
    ]


def write_suite(path: Path, instances: list[Instance], optima: list[Optimum]) -> None:
    """Write instances and optima, the same bytes every time."""
    rows = [
        {"instance": one, "optimum_ns": best.makespan_ns, "tried": best.tried}
        for one, best in zip(instances, optima, strict=True)
    ]
    text = json.dumps(rows, separators=(",", ":"))
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def read_suite(path: Path = PATH) -> list[Solved]:
    """The instances with their optima."""
    rows = json.loads(gzip.decompress(path.read_bytes()))
    return [Solved(_instance(row["instance"]), row["optimum_ns"]) for row in rows]


def _instance(row: list[Any]) -> Instance:
    kind, stages, *numbers = row
    return Instance(
        kind,
        tuple((count, tuple(Block(*block) for block in blocks)) for count, blocks in stages),
        *numbers,
    )


class Ratio(NamedTuple):
    """How an instance's plan compares with its optimum, and that with the lower bound."""

    kind: str
    to_optimum: float
    to_bound: float


def ratios(suite: list[Solved]) -> list[Ratio]:
    """Plan every instance."""
    return [_ratio(solved) for solved in suite]


def _ratio(solved: Solved) -> Ratio:
    profile = profile_of(solved.instance)
    problem = problem_of(profile, solved.instance.budget, phases_of(profile, {}))
    return Ratio(
        solved.instance.kind,
        search(problem).cost.makespan_ns / solved.optimum_ns,
        solved.optimum_ns / lower_bound_ns(problem),
    )
