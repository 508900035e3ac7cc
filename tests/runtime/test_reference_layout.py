"""The same numbers give the same bits, however the tensor that holds them is laid out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mil_packages import mb, save

from devsim.runtime.reference import ReferenceRuntime

X = np.random.default_rng(0).standard_normal((5, 37, 41)).astype(np.float32)
WEIGHT = np.random.default_rng(1).standard_normal((29, 5)).astype(np.float32)
BIAS = np.arange(29, dtype=np.float32)

CASES: dict[str, Callable[[Any], Any]] = {
    "exp": lambda x: mb.exp(x=x),
    "gelu": lambda x: mb.gelu(x=x),
    "layer_norm": lambda x: mb.layer_norm(x=x, axes=[-1]),
    "linear": lambda x: mb.linear(x=x, weight=WEIGHT, bias=BIAS),
    "matmul": lambda x: mb.matmul(x=x, y=x, transpose_y=True),
    "reduce_mean": lambda x: mb.reduce_mean(x=x, axes=[1]),
    "reduce_sum": lambda x: mb.reduce_sum(x=x, axes=[-1]),
    "softmax": lambda x: mb.softmax(x=x, axis=-1),
    "sub": lambda x: mb.sub(x=x, y=0.1),
    "tanh": lambda x: mb.tanh(x=x),
}


@pytest.mark.parametrize("build", CASES.values(), ids=CASES)
def test_a_transposed_view_computes_what_a_fresh_tensor_does(
    tmp_path: Path, build: Callable[[Any], Any]
) -> None:
    whole = save(
        tmp_path, lambda x: build(mb.transpose(x=x, perm=[1, 2, 0])), {"x": X}, name="whole"
    )
    turned = np.ascontiguousarray(X.transpose(1, 2, 0))
    after = save(tmp_path, lambda x: build(x), {"x": turned}, name="after")
    (ours,) = ReferenceRuntime().load(whole).predict({"x": X}).values()
    (alone,) = ReferenceRuntime().load(after).predict({"x": turned}).values()
    assert ours.tobytes() == alone.tobytes()
