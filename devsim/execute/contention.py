"""How much a load and a compute slow each other down, measured side by side.

Both lanes are kept busy together, as they are in a run, in turns with each alone: what the machine
does meanwhile then changes both, and their ratio little.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from statistics import fmean
from typing import NamedTuple

from devsim.core.trace import Kind
from devsim.execute.measure import Bench, Subject, compute_once, load_once
from devsim.runtime.protocol import LoadedPackage

_TOGETHER = 2
"""Loads and computes, at least, each time that both lanes are busy."""


class Subjects(NamedTuple):
    """A kind of package: one that stands for all of it, and how much they weigh together."""

    subject: Subject
    weight: int


class Slowdowns(NamedTuple):
    """How many times longer an activity takes beside the other lane's."""

    load: float
    compute: float


class Ran(NamedTuple):
    """An activity that has ended."""

    duration_ns: int
    end_ns: int
    """By time.monotonic_ns."""


def measure_contention(bench: Bench, kinds: Iterable[Subjects], rounds: int) -> Slowdowns:
    """Load and compute each kind alone and beside its own kind, in turns.

    Args:
        bench: where.
        kinds: what to measure.
        rounds: how many turns of each.

    Returns:
        The mean duration beside the other lane over the mean alone, averaged by the kinds'
        weights; at least 1. Means, since what a run takes is a sum.
    """
    loads = computes = 0.0
    total = 0
    for kind in kinds:
        slowdowns = _slowdowns(bench, kind.subject, rounds)
        loads += kind.weight * slowdowns.load
        computes += kind.weight * slowdowns.compute
        total += kind.weight
    return Slowdowns(max(1.0, loads / total), max(1.0, computes / total))


def wholly_beside(own: Sequence[Ran], other: Sequence[Ran]) -> list[int]:
    """Durations of the activities that ended while the other lane was still busy.

    Both lanes began together and were busy without a pause.
    """
    return [each.duration_ns for each in own if each.end_ns <= other[-1].end_ns]


def _slowdowns(bench: Bench, subject: Subject, rounds: int) -> Slowdowns:
    loads_alone, computes_alone = [], []
    loads_beside, computes_beside = [], []
    for _ in range(rounds):
        duration_ns, loaded = load_once(bench, subject.package)
        loads_alone.append(duration_ns)
        try:
            computes_alone.append(compute_once(bench, loaded, subject.inputs))
            loads, computes = _together(bench, subject, loaded)
        finally:
            bench.lanes.do(Kind.UNLOAD, loaded.unload)
        loads_beside += wholly_beside(loads, computes)
        computes_beside += wholly_beside(computes, loads)
    return Slowdowns(
        fmean(loads_beside) / fmean(loads_alone), fmean(computes_beside) / fmean(computes_alone)
    )


def _together(bench: Bench, subject: Subject, loaded: LoadedPackage) -> tuple[list[Ran], list[Ran]]:
    """Load and compute at the same time, until each has been done often enough."""
    leaving: list[Future[None]] = []

    def load() -> int:
        duration_ns, other = load_once(bench, subject.package)
        for earlier in leaving:
            earlier.result()
        leaving[:] = [bench.lanes.submit(Kind.UNLOAD, other.unload)]
        return duration_ns

    def compute() -> int:
        return compute_once(bench, loaded, subject.inputs)

    loads: list[Ran] = []
    computes: list[Ran] = []
    enough, ready = threading.Event(), threading.Barrier(2)

    def repeat(work: Callable[[], int], own: list[Ran], other: list[Ran]) -> None:
        ready.wait()
        try:
            while not enough.is_set():
                duration_ns = work()
                own.append(Ran(duration_ns, time.monotonic_ns()))
                if min(len(own), len(other)) >= _TOGETHER:
                    enough.set()
        finally:
            enough.set()

    try:
        with ThreadPoolExecutor(2, "devsim-together") as pool:
            both = (
                pool.submit(repeat, load, loads, computes),
                pool.submit(repeat, compute, computes, loads),
            )
        for each in both:
            each.result()
    finally:
        for last in leaving:
            last.result()
    return loads, computes
