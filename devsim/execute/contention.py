"""How much a load and a compute slow each other down, measured side by side.

Every beside-measurement is paired with one alone, taken a moment before: what the machine does
meanwhile then changes both, and their ratio little.
"""

import statistics
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from devsim.core.trace import Kind
from devsim.execute.measure import Bench, Subject, compute_once, load_once
from devsim.runtime.protocol import LoadedPackage


class Subjects(NamedTuple):
    """A kind of package: one that stands for all of it, and how much they weigh together."""

    subject: Subject
    weight: int


class Slowdowns(NamedTuple):
    """How many times longer an activity takes beside the other lane's."""

    load: float
    compute: float


def measure_contention(bench: Bench, kinds: Sequence[Subjects], pairs: int) -> Slowdowns:
    """Load and compute each kind alone and beside its own kind, in turns.

    Args:
        bench: where.
        kinds: what to measure.
        pairs: how many pairs of each.

    Returns:
        The median ratio of each kind, averaged by the kinds' weights; at least 1.
    """
    loads, computes = [0.0], [0.0]
    for kind in kinds:
        of_kind = [_pair(bench, kind.subject) for _ in range(pairs)]
        loads.append(kind.weight * statistics.median(pair.load for pair in of_kind))
        computes.append(kind.weight * statistics.median(pair.compute for pair in of_kind))
    total = sum(kind.weight for kind in kinds)
    return Slowdowns(max(1.0, sum(loads) / total), max(1.0, sum(computes) / total))


def _pair(bench: Bench, subject: Subject) -> Slowdowns:
    """A load alone and beside computes, then a compute alone and beside loads."""
    loaded = load_once(bench, subject.package).loaded
    try:
        compute_once(bench, loaded, subject.inputs)
        return Slowdowns(*_ratios(bench, subject, loaded))
    finally:
        loaded.unload()


def _ratios(bench: Bench, subject: Subject, loaded: LoadedPackage) -> tuple[float, float]:
    def load() -> int:
        duration_ns, other = load_once(bench, subject.package)
        bench.lanes.submit(Kind.UNLOAD, other.unload)
        return duration_ns

    def compute() -> int:
        return compute_once(bench, loaded, subject.inputs)

    load_alone_ns, load_beside_ns = load(), _beside(load, compute)
    compute_alone_ns, compute_beside_ns = compute(), _beside(compute, load)
    return load_beside_ns / load_alone_ns, compute_beside_ns / compute_alone_ns


def _beside(measured: Callable[[], int], neighbour: Callable[[], int]) -> int:
    """How long one thing takes while another is repeated on the other lane."""
    stop, running = threading.Event(), threading.Event()

    def repeat() -> None:
        running.set()
        while not stop.is_set():
            neighbour()

    with ThreadPoolExecutor(1, "devsim-neighbour") as pool:
        repeated = pool.submit(repeat)
        running.wait()
        try:
            duration_ns = measured()
        finally:
            stop.set()
        repeated.result()
    return duration_ns
