"""Compressed weights, by coremltools' own decompression: it copies values and computes none."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from coremltools.converters.mil.mil.ops.defs import iOS18

Untyped = Any


def _lut_to_sparse(
    indices_mask: Untyped, indices_nonzero_data: Untyped, lut: Untyped, vector_axis: Untyped = None
) -> Untyped:
    mask, data = iOS18.constexpr_lut_to_sparse.decompress(
        indices_mask, indices_nonzero_data, lut, vector_axis
    )
    return np.asarray(mask), data


def _sparse_to_dense(nonzero_data: Untyped, mask: Untyped) -> Untyped:
    return iOS18.constexpr_sparse_to_dense.decompress(nonzero_data, mask)


COMPRESSED: Mapping[str, Callable[..., Untyped]] = {
    "constexpr_lut_to_sparse": _lut_to_sparse,
    "constexpr_sparse_to_dense": _sparse_to_dense,
}
