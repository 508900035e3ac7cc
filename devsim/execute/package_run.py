"""One package, run on its own."""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from devsim.core.files import Frozen
from devsim.execute.arrays import random_array, write_npz
from devsim.execute.footprint import PeakMeter, footprint_bytes
from devsim.execute.given import InputFile, read_inputs
from devsim.execute.ranges import index_limits_of, is_whole
from devsim.runtime.inputs import Fitted, fit_inputs
from devsim.runtime.protocol import Array, Runtime, TensorSpec

_Result = TypeVar("_Result")
_SHOWN_CLASSES = 5


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
    label: str | int | None = None
    """Of a class label."""
    classes: tuple[tuple[str | int, float], ...] = ()
    """Of a classifier's probabilities, the likeliest first."""


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
    notes: tuple[str, ...] = ()
    """What was done to inputs that were given otherwise than the package takes them."""


class Package(NamedTuple):
    """What is run, and on what.

    Attributes:
        path: the ``.mlpackage``.
        function: of a package that has several; None for its default one.
        inputs: files of its inputs; seeded random values where there are none.
        seed: of random inputs.
    """

    path: Path
    function: str | None
    inputs: tuple[InputFile, ...]
    seed: int


def run_package(runtime: Runtime, package: Package, samples: int, outputs: Path) -> PackageRun:
    """Load a package cold, compute it, write its outputs as ``.npz`` and unload it.

    Args:
        runtime: what runs it.
        package: what is run.
        samples: computes after the first, of which the median is told.
        outputs: where the outputs go.

    Raises:
        BadInputError: an input is missing, unknown, or of another shape or dtype.
        BadFileError: the package or the inputs cannot be read.
    """
    before = footprint_bytes(os.getpid())
    load_ns, loaded = _timed(lambda: runtime.load(package.path, package.function))
    try:
        resident_bytes = max(0, footprint_bytes(os.getpid()) - before)
        fitted = _inputs(loaded.inputs, package)
        given = fitted.tensors
        with PeakMeter() as peak:
            first_ns, results = _timed(lambda: loaded.predict(given))
        later_ns = [_timed(lambda: loaded.predict(given))[0] for _ in range(samples)]
        write_npz(outputs, results)
    finally:
        unload_ns, _ = _timed(loaded.unload)
    return PackageRun(
        inputs=tuple((spec.name, spec.shape, spec.dtype) for spec in loaded.inputs),
        outputs=tuple(_facts(spec, results[spec.name]) for spec in loaded.outputs),
        cold_load_ns=load_ns,
        first_compute_ns=first_ns,
        compute_ns=round(statistics.median(later_ns)),
        unload_ns=unload_ns,
        resident_bytes=resident_bytes,
        activation_bytes=peak.rise_bytes,
        notes=fitted.notes,
    )


def _inputs(specs: Sequence[TensorSpec], package: Package) -> Fitted:
    if not package.inputs:
        wanted = [spec for spec in specs if spec.default is None]
        limits = index_limits_of(package.path) if any(map(is_whole, wanted)) else {}
        random = {
            each.name: random_array(
                each.name, each.shape, each.dtype, package.seed, below=limits.get(each.name)
            )
            for each in wanted
        }
        return fit_inputs(package.path, specs, random)
    given = read_inputs(package.inputs, specs)
    fitted = fit_inputs(package.path, specs, given.arrays)
    return Fitted(fitted.tensors, (*given.notes, *fitted.notes))


def _facts(spec: TensorSpec, array: Array) -> OutputFacts:
    label = array.item() if spec.dtype == "str" else None
    values = np.zeros(0) if label is not None else array.astype(np.float64)
    finite = values[np.isfinite(values)]
    low, high, mean, std = (
        (float(finite.min()), float(finite.max()), float(finite.mean()), float(finite.std()))
        if finite.size
        else (None,) * 4
    )
    return OutputFacts(
        name=spec.name,
        shape=array.shape,
        dtype=str(array.dtype),
        low=low,
        high=high,
        mean=mean,
        std=std,
        not_finite=values.size - finite.size,
        label=label,
        classes=_likeliest(spec, array),
    )


def _likeliest(spec: TensorSpec, array: Array) -> tuple[tuple[str | int, float], ...]:
    pairs = zip(spec.classes, array.tolist() if spec.classes else (), strict=True)
    return tuple(sorted(pairs, key=lambda pair: -pair[1])[:_SHOWN_CLASSES])


def _timed(work: Callable[[], _Result]) -> tuple[int, _Result]:
    started = time.monotonic_ns()
    result = work()
    return time.monotonic_ns() - started, result
