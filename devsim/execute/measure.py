"""Measures one package: load, compute and unload durations, and the memory each holds."""

import os
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from devsim.core.files import Frozen
from devsim.execute.footprint import PeakMeter, footprint_bytes
from devsim.runtime.protocol import Array, Runtime


class Effort(Frozen):
    """How often a package is measured."""

    cold_samples: int = Field(default=3, ge=1)
    samples: int = Field(default=5, ge=1, description="cached loads, computes and unloads")
    warmup: int = Field(default=1, ge=0, description="rounds before the first sample, not kept")


class Measurement(Frozen):
    """What one package costs; durations in nanoseconds in the order taken."""

    resident_bytes: int
    transient_bytes: int
    activation_bytes: int
    cold_load_ns: tuple[int, ...]
    cached_load_ns: tuple[int, ...]
    unload_ns: tuple[int, ...]
    compute_ns: tuple[int, ...]


class _Round(NamedTuple):
    """One load, compute and unload."""

    load_ns: int
    compute_ns: int
    unload_ns: int
    resident_bytes: int
    transient_bytes: int
    activation_bytes: int


def measure(
    runtime: Runtime, package: Path, inputs: dict[str, Array], effort: Effort
) -> Measurement:
    """Measure a package on its own; byte figures are the largest seen.

    A compute is measured right after its load, as a streamed chunk meets it.
    """
    cold = []
    for _ in range(effort.cold_samples):
        runtime.forget(package)
        cold.append(_round(runtime, package, inputs))
    for _ in range(effort.warmup):
        _round(runtime, package, inputs)
    rounds = [_round(runtime, package, inputs) for _ in range(effort.samples)]
    return Measurement(
        resident_bytes=max(each.resident_bytes for each in rounds),
        transient_bytes=max(each.transient_bytes for each in cold + rounds),
        activation_bytes=max(each.activation_bytes for each in cold + rounds),
        cold_load_ns=tuple(each.load_ns for each in cold),
        cached_load_ns=tuple(each.load_ns for each in rounds),
        unload_ns=tuple(each.unload_ns for each in rounds),
        compute_ns=tuple(each.compute_ns for each in rounds),
    )


def measure_contention(
    runtime: Runtime, package: Path, inputs: dict[str, Array], effort: Effort
) -> tuple[float, float]:
    """How many times longer a load and a compute take while the other lane is busy.

    Returns:
        The slow-down of a load beside computes and of a compute beside loads, each at least 1.
    """
    loaded = runtime.load(package)

    def load() -> None:
        runtime.load(package).unload()

    def compute() -> None:
        loaded.predict(inputs)

    compute()
    load_alone, compute_alone = _timed(load, effort), _timed(compute, effort)
    load_beside, compute_beside = (
        _beside(load, compute, effort),
        _beside(compute, load, effort),
    )
    loaded.unload()
    return max(1.0, load_beside / load_alone), max(1.0, compute_beside / compute_alone)


def _round(runtime: Runtime, package: Path, inputs: dict[str, Array]) -> _Round:
    before = footprint_bytes(os.getpid())
    with PeakMeter() as load_peak:
        started = time.monotonic_ns()
        loaded = runtime.load(package)
        load_ns = time.monotonic_ns() - started
    resident = max(0, footprint_bytes(os.getpid()) - before)
    with PeakMeter() as compute_peak:
        started = time.monotonic_ns()
        loaded.predict(inputs)
        compute_ns = time.monotonic_ns() - started
    started = time.monotonic_ns()
    loaded.unload()
    unload_ns = time.monotonic_ns() - started
    return _Round(
        load_ns=load_ns,
        compute_ns=compute_ns,
        unload_ns=unload_ns,
        resident_bytes=resident,
        transient_bytes=max(0, load_peak.rise_bytes - resident),
        activation_bytes=compute_peak.rise_bytes,
    )


def _beside(measured: Callable[[], None], neighbour: Callable[[], None], effort: Effort) -> float:
    """The median duration of one thing while another is repeated on a thread of its own."""
    running, stop = threading.Event(), threading.Event()

    def repeat() -> None:
        while not stop.is_set():
            running.set()
            neighbour()

    thread = threading.Thread(target=repeat, name="devsim-neighbour")
    thread.start()
    try:
        running.wait()
        return _timed(measured, effort)
    finally:
        stop.set()
        thread.join()


def _timed(work: Callable[[], None], effort: Effort) -> float:
    durations = []
    for _ in range(effort.samples):
        started = time.monotonic_ns()
        work()
        durations.append(time.monotonic_ns() - started)
    return statistics.median(durations)
