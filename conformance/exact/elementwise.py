"""Sums, casts and normalization in float64."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def _add(x: Array, y: Array) -> Array:
    return x + y


def _cast(x: Array, dtype: str) -> Array:
    """The value stays: what rounds a result is the type that is declared of it."""
    if dtype in ("fp16", "fp32"):
        return x.astype(np.float64)
    if x.dtype.kind not in "iu":
        raise TypeError(f"to {dtype} from {x.dtype}")
    return x.astype(dtype)


def _instance_norm(
    x: Array, epsilon: Array, gamma: Array | None = None, beta: Array | None = None
) -> Array:
    axes = tuple(range(2, x.ndim))
    spread = x - x.mean(axis=axes, keepdims=True)
    result = spread / np.sqrt((spread**2).mean(axis=axes, keepdims=True) + epsilon)
    channels = (-1, *(1 for _ in axes))
    result = result if gamma is None else result * gamma.reshape(channels)
    return result if beta is None else result + beta.reshape(channels)


ELEMENTWISE: Mapping[str, Callable[..., Array]] = {
    "add": _add,
    "cast": _cast,
    "instance_norm": _instance_norm,
}
