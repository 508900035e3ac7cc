"""Weights in fewer bits, as a last pass of the conversion."""

import numpy as np
import numpy.typing as npt

from devsim.convert.precision import Precision
from devsim.convert.quiet import quiet

with quiet():
    import coremltools as ct
    from coremltools.optimize import coreml as optimize

_SMALLEST = 2048  # elements; coremltools' own default: less is not worth a table or scales
_TABLE_BITS = {"int6": 6, "int4": 4}
_MOST_ROUNDS = 100

Floats = npt.NDArray[np.float32]


def passes(precision: Precision) -> ct.PassPipeline:
    """The passes of a conversion to this precision."""
    pipeline = ct.PassPipeline()
    if precision == "int8":
        weights = optimize.OpLinearQuantizerConfig(
            mode="linear_symmetric",
            dtype="int8",
            granularity="per_channel",
            weight_threshold=_SMALLEST,
        )
        _append(pipeline, "compression::linear_quantize_weights", weights)
    elif precision in _TABLE_BITS:
        table = _Table(1 << _TABLE_BITS[precision])
        weights = optimize.OpPalettizerConfig(
            mode="custom", lut_function=table, weight_threshold=_SMALLEST
        )
        _append(pipeline, "compression::palettize_weights", weights)
    return pipeline


def _append(pipeline: ct.PassPipeline, name: str, weights: optimize.OptimizationConfig) -> None:
    pipeline.append_pass(name)
    pipeline.set_options(name, {"config": optimize.OptimizationConfig(global_config=weights)})


class _Table:
    """Chooses a tensor's table of values and every weight's index into it.

    coremltools' own k-means of float32 weights wants scikit-learn; one dimension needs no more
    than this: Lloyd's rounds (IEEE Trans. Inf. Theory 28(2), 1982) on the values' histogram.
    """

    def __init__(self, entries: int) -> None:
        self._entries = entries

    def __call__(self, weight: Floats) -> tuple[Floats, npt.NDArray[np.uint8]]:
        """The table, and the indices as a vector."""
        values, counts = _histogram(weight)
        shares = (np.arange(self._entries) + 0.5) / self._entries
        centres = np.interp(shares, (np.cumsum(counts) - counts / 2) / counts.sum(), values)
        for _ in range(_MOST_ROUNDS):
            nearest = np.searchsorted(_between(centres), values)
            mass = np.bincount(nearest, counts, self._entries)
            moments = np.bincount(nearest, counts * values, self._entries)
            moved = np.where(mass > 0, moments / np.maximum(mass, 1), centres)
            if np.array_equal(moved, centres):
                break
            centres = moved
        table = centres.astype(weight.dtype)
        return table, np.searchsorted(_between(table), weight.ravel()).astype(np.uint8)


def _between(centres: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    return (centres[1:] + centres[:-1]) / 2


def _histogram(weight: Floats) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Distinct values, to half precision, in order, and how often each is there."""
    halves = weight.astype(np.float16).view(np.uint16).ravel()
    counts = np.bincount(halves, minlength=1 << 16).astype(np.float64)
    values = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float64)
    order = np.argsort(values)
    there = order[counts[order] > 0]
    return values[there], counts[there]
