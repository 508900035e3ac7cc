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
    """Peak signal-to-noise ratio against the expected output's largest finite magnitude; infinite
    when both are equal, minus infinite when either has a NaN or an infinity that the other has not.
    Those in the same places of both are equal."""
    max_error: float
    """The largest absolute difference."""
    not_finite: int = 0
    """How many elements of the expected output are NaN or infinite."""


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
    if "U" in (expected.dtype.kind, actual.dtype.kind):  # the labels of a classifier
        equal = np.array_equal(expected, actual)
        return Difference(name, math.inf if equal else -math.inf, 0.0 if equal else math.inf, 0)
    right, found = expected.astype(np.float64), actual.astype(np.float64)
    not_finite = count_not_finite(expected)
    same = (right == found) | (np.isnan(right) & np.isnan(found))
    if same.all():
        return Difference(name, math.inf, 0.0, not_finite)
    if not (np.isfinite(right[~same]).all() and np.isfinite(found[~same]).all()):
        return Difference(name, -math.inf, math.inf, not_finite)
    apart = np.zeros(right.shape)
    apart[~same] = np.abs(right[~same] - found[~same])
    finite = np.isfinite(right)
    peak = float(np.abs(right[finite]).max())
    noise = float(np.mean(np.square(apart[finite])))
    psnr_db = 10 * math.log10(peak * peak / noise) if peak else -math.inf
    return Difference(name, psnr_db, float(apart.max()), not_finite)


def count_not_finite(array: Array) -> int:
    """How many elements are NaN or infinite."""
    if array.dtype.kind == "U":
        return 0
    return array.size - int(np.count_nonzero(np.isfinite(array)))
