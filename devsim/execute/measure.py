"""Measures one package: load, compute and unload durations, and the memory each holds."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import Field

from devsim.core.files import Frozen
from devsim.core.trace import Kind
from devsim.execute.footprint import PeakMeter, footprint_bytes
from devsim.execute.lanes import Lanes
from devsim.execute.page_cache import PageCache, drop_pages
from devsim.runtime.protocol import Array, LoadedPackage, Runtime

_Result = TypeVar("_Result")


class Effort(Frozen):
    """How often a package is measured."""

    cold_samples: int = Field(default=3, ge=1)
    samples: int = Field(default=5, ge=1, description="cached loads, computes and unloads")
    warmup: int = Field(default=1, ge=0, description="rounds before the first sample, not kept")


class Measurement(Frozen):
    """What one package costs; durations in nanoseconds in the order taken."""

    baseline_bytes: int
    """Held by the process with nothing loaded, boundary tensors left out."""
    resident_bytes: int
    transient_bytes: int
    activation_bytes: int
    cold_load_ns: tuple[int, ...]
    cached_load_ns: tuple[int, ...]
    unload_ns: tuple[int, ...]
    compute_ns: tuple[int, ...]


class Bench(NamedTuple):
    """Where packages are measured: as a run has them, each activity on its lane."""

    runtime: Runtime
    lanes: Lanes
    page_cache: PageCache


class Subject(NamedTuple):
    """A package and what it computes on."""

    package: Path
    inputs: dict[str, Array]
    held_bytes: int
    """Of all boundary tensors that the process holds meanwhile, the inputs among them."""


class Timed(NamedTuple):
    """A load's duration and what it gave."""

    duration_ns: int
    loaded: LoadedPackage


class _Round(NamedTuple):
    """One load, compute and unload."""

    load_ns: int
    compute_ns: int
    unload_ns: int
    before_bytes: int
    resident_bytes: int
    transient_bytes: int
    activation_bytes: int
    file_bytes: int
    """Of the activations at most: pages of files that the compute was the first to touch."""


def measure(bench: Bench, subject: Subject, effort: Effort) -> Measurement:
    """Measure a package on its own; byte figures are the largest seen.

    The first computes also bring in the libraries' code, whose pages count with no footprint.

    A compute is measured right after its load, as a streamed chunk meets it.
    """
    cold = []
    for _ in range(effort.cold_samples):
        bench.runtime.forget(subject.package)
        if bench.page_cache is PageCache.DROP:
            drop_pages([subject.package])
        cold.append(_round(bench, subject))
    for _ in range(effort.warmup):
        _round(bench, subject)
    rounds = [_round(bench, subject) for _ in range(effort.samples)]
    return Measurement(
        baseline_bytes=max(each.before_bytes for each in cold + rounds) - subject.held_bytes,
        resident_bytes=max(each.resident_bytes for each in rounds),
        transient_bytes=max(each.transient_bytes for each in cold + rounds),
        activation_bytes=max(
            *(each.activation_bytes - each.file_bytes for each in cold),
            *(each.activation_bytes for each in rounds),
        ),
        cold_load_ns=tuple(each.load_ns for each in cold),
        cached_load_ns=tuple(each.load_ns for each in rounds),
        unload_ns=tuple(each.unload_ns for each in rounds),
        compute_ns=tuple(each.compute_ns for each in rounds),
    )


def load_once(bench: Bench, package: Path) -> Timed:
    """Load a package on the load lane, with its pages dropped before where each load has that."""
    if bench.page_cache is PageCache.DROP_ALWAYS:
        drop_pages([package])
    return Timed(*bench.lanes.do(Kind.LOAD, lambda: _timed(lambda: bench.runtime.load(package))))


def compute_once(bench: Bench, loaded: LoadedPackage, inputs: dict[str, Array]) -> int:
    """Compute a loaded package on the compute lane, and say how long that took."""
    duration_ns, _ = bench.lanes.do(Kind.COMPUTE, lambda: _timed(lambda: loaded.predict(inputs)))
    return duration_ns


def _round(bench: Bench, subject: Subject) -> _Round:
    before = footprint_bytes(os.getpid())
    with PeakMeter() as load_peak:
        load_ns, loaded = load_once(bench, subject.package)
    resident = max(0, footprint_bytes(os.getpid()) - before)
    with PeakMeter() as compute_peak:
        compute_ns = compute_once(bench, loaded, subject.inputs)
    unload_ns, _ = bench.lanes.do(Kind.UNLOAD, lambda: _timed(loaded.unload))
    return _Round(
        load_ns=load_ns,
        compute_ns=compute_ns,
        unload_ns=unload_ns,
        before_bytes=before,
        resident_bytes=resident,
        transient_bytes=max(0, load_peak.rise_bytes - resident),
        activation_bytes=compute_peak.rise_bytes,
        file_bytes=compute_peak.file_bytes,
    )


def _timed(work: Callable[[], _Result]) -> tuple[int, _Result]:
    started = time.monotonic_ns()
    result = work()
    return time.monotonic_ns() - started, result
