"""One package, run on its own."""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from devsim.core.errors import BadInputError
from devsim.core.files import Frozen
from devsim.execute.arrays import random_array, read_npz, write_npz
from devsim.execute.footprint import PeakMeter, footprint_bytes
from devsim.execute.ranges import index_limits_of, is_whole
from devsim.runtime.protocol import Array, Runtime, TensorSpec

_Result = TypeVar("_Result")


class OutputFacts(Frozen):
    """One output's shape and statistics; a NaN or infinity counts as not finite."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    low: float | None
    high: float | None
    mean: float | None
    std: float | None
    not_finite: int


class PackageRun(Frozen):
    """What one package did; durations in nanoseconds."""

    inputs: tuple[tuple[str, tuple[int, ...], str], ...]
    outputs: tuple[OutputFacts, ...]
    cold_load_ns: int
    first_compute_ns: int
    compute_ns: int
    unload_ns: int
    resident_bytes: int
    activation_bytes: int


def run_package(
    runtime: Runtime, package: Path, inputs: Path | None, seed: int, samples: int, outputs: Path
) -> PackageRun:
    """Load a package cold, compute it, write its outputs as ``.npz`` and unload it.

    Args:
        runtime: what runs it.
        package: the ``.mlpackage``.
        inputs: an ``.npz`` of its inputs; seeded random values when None.
        seed: of random inputs.
        samples: computes after the first, of which the median is told.
        outputs: where the outputs go.

    Raises:
        BadInputError: an input is missing, unknown, or of another shape or dtype.
        BadFileError: the package or the inputs cannot be read.
    """
    before = footprint_bytes(os.getpid())
    load_ns, loaded = _timed(lambda: runtime.load(package))
    try:
        resident_bytes = max(0, footprint_bytes(os.getpid()) - before)
        given = _inputs(package, loaded.inputs, inputs, seed)
        with PeakMeter() as peak:
            first_ns, results = _timed(lambda: loaded.predict(given))
        later_ns = [_timed(lambda: loaded.predict(given))[0] for _ in range(samples)]
        write_npz(outputs, results)
    finally:
        unload_ns, _ = _timed(loaded.unload)
    return PackageRun(
        inputs=tuple((spec.name, spec.shape, spec.dtype) for spec in loaded.inputs),
        outputs=tuple(_facts(name, array) for name, array in results.items()),
        cold_load_ns=load_ns,
        first_compute_ns=first_ns,
        compute_ns=round(statistics.median(later_ns)),
        unload_ns=unload_ns,
        resident_bytes=resident_bytes,
        activation_bytes=peak.rise_bytes,
    )


def _inputs(
    package: Path, specs: Sequence[TensorSpec], path: Path | None, seed: int
) -> dict[str, Array]:
    if path is None:
        limits = index_limits_of(package) if any(map(is_whole, specs)) else {}
        return {
            spec.name: random_array(
                spec.name, spec.shape, spec.dtype, seed, below=limits.get(spec.name)
            )
            for spec in specs
        }
    given = read_npz(path)
    unknown = sorted(given.keys() - {spec.name for spec in specs})
    if unknown:
        names = ", ".join(spec.name for spec in specs)
        raise BadInputError(
            f"{path}: the package has no input '{unknown[0]}'", f"its inputs are: {names}"
        )
    return given


def _facts(name: str, array: Array) -> OutputFacts:
    values = array.astype(np.float64)
    finite = values[np.isfinite(values)]
    low, high, mean, std = (
        (float(finite.min()), float(finite.max()), float(finite.mean()), float(finite.std()))
        if finite.size
        else (None,) * 4
    )
    return OutputFacts(
        name=name,
        shape=array.shape,
        dtype=str(array.dtype),
        low=low,
        high=high,
        mean=mean,
        std=std,
        not_finite=values.size - finite.size,
    )


def _timed(work: Callable[[], _Result]) -> tuple[int, _Result]:
    started = time.monotonic_ns()
    result = work()
    return time.monotonic_ns() - started, result
