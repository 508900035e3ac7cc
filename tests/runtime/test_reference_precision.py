"""Products in half precision: accumulated in single precision, rounded once."""

from pathlib import Path
from typing import Any

import mil_packages
import numpy as np
import pytest
from mil_packages import mb

from devsim.runtime.reference import ReferenceRuntime

RANDOM = np.random.default_rng(8)
X = RANDOM.standard_normal((2, 1500, 64)).astype(np.float16)
WEIGHT = RANDOM.standard_normal((48, 64)).astype(np.float16)
BIAS = RANDOM.standard_normal(48).astype(np.float16)
KERNEL = RANDOM.standard_normal((3, 2, 4)).astype(np.float16)


def _wide(*arrays: np.ndarray) -> list[np.ndarray]:
    return [array.astype(np.float64) for array in arrays]


def _linear() -> np.ndarray:
    x, weight, bias = _wide(X, WEIGHT, BIAS)
    return x @ weight.T + bias


def _matmul() -> np.ndarray:
    (x,) = _wide(X[:, :40])
    return x @ x.transpose(0, 2, 1)


def _conv() -> np.ndarray:
    x, kernel = _wide(X.transpose(1, 0, 2), KERNEL)
    windows = np.lib.stride_tricks.sliding_window_view(x, 4, axis=2)
    return np.einsum("nclk,ock->nol", windows, kernel)


def _slice(x: Any) -> Any:
    return mb.slice_by_index(x=x, begin=[0, 0, 0], end=[2, 40, 64])


@pytest.mark.parametrize(
    ("build", "truth"),
    [
        (lambda x: mb.linear(x=x, weight=WEIGHT, bias=BIAS), _linear),
        (lambda x: mb.matmul(x=_slice(x), y=_slice(x), transpose_y=True), _matmul),
        (lambda x: mb.einsum(
            values=(mb.expand_dims(x=_slice(x), axes=[2]),
                    mb.transpose(x=mb.expand_dims(x=_slice(x), axes=[2]), perm=[0, 3, 2, 1])),
            equation="bnhd,bdhm->bnhm"), lambda: _matmul()[:, :, None]),
        (lambda x: mb.conv(x=mb.transpose(x=x, perm=[1, 0, 2]), weight=KERNEL), _conv),
    ],
    ids=["linear", "matmul", "einsum", "conv"],
)  # fmt: skip
def test_only_the_result_is_rounded(tmp_path: Path, build: Any, truth: Any) -> None:
    loaded = ReferenceRuntime().load(mil_packages.save(tmp_path, build, {"x": X}))
    (actual,) = loaded.predict({"x": X}).values()
    exact = truth()
    assert actual.dtype == np.float16
    step = np.spacing(np.abs(exact).astype(np.float16)).astype(np.float64)
    # Half a step is rounding; the rest is what single precision leaves of sums of 64.
    assert (np.abs(actual - exact) <= 0.5 * step + 1e-4).all()


def test_a_half_precision_linear_takes_integer_weights(tmp_path: Path) -> None:
    weight, bias = np.full((2, 64), 2, np.int32), np.ones(2, np.int32)
    package = mil_packages.save(
        tmp_path, lambda x: mb.linear(x=x, weight=weight, bias=bias), {"x": X}
    )
    (result,) = ReferenceRuntime().load(package).predict({"x": X}).values()
    wanted = 2 * X.astype(np.float64).sum(-1) + 1
    np.testing.assert_allclose(result[..., 0], wanted, rtol=2e-3, atol=2e-2)
