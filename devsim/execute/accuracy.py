"""How far two computations of the same outputs are apart."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from devsim.core.errors import BadInputError
from devsim.runtime.protocol import Array


class Difference(NamedTuple):
    """One output, computed twice."""

    name: str
    psnr_db: float
    """Peak signal-to-noise ratio against the expected output's largest magnitude; infinite when
    both are equal, minus infinite when either has a NaN that the other has not."""
    max_error: float
    """The largest absolute difference."""


def differences(
    expected: Mapping[str, Array], actual: Mapping[str, Array]
) -> tuple[Difference, ...]:
    """Compare outputs by name.

    Raises:
        BadInputError: the two have other names or shapes.
    """
    if expected.keys() != actual.keys():
        raise BadInputError(
            f"outputs {sorted(expected)} cannot be compared with {sorted(actual)}",
            "compare packages with the same outputs",
        )
    return tuple(_difference(name, expected[name], actual[name]) for name in expected)


def _difference(name: str, expected: Array, actual: Array) -> Difference:
    if expected.shape != actual.shape:
        raise BadInputError(
            f"output {name} is {list(expected.shape)} and {list(actual.shape)}",
            "compare packages converted for one shape",
        )
    if np.array_equal(expected, actual, equal_nan=expected.dtype.kind == "f"):
        return Difference(name, math.inf, 0.0)
    if expected.dtype.kind == "U" or actual.dtype.kind == "U":
        return Difference(name, -math.inf, math.inf)
    apart = np.abs(expected.astype(np.float64) - actual.astype(np.float64))
    if not np.isfinite(apart).all():
        return Difference(name, -math.inf, math.inf)
    peak = float(np.abs(expected).max())
    noise = float(np.mean(np.square(apart)))
    psnr_db = 10 * math.log10(peak * peak / noise) if peak else -math.inf
    return Difference(name, psnr_db, float(apart.max()))
