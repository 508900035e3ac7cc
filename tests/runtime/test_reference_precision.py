"""Products in half precision: accumulated in single precision, rounded once."""

from pathlib import Path
from typing import Any

import coremltools as ct
import mil_packages
import numpy as np
import pytest
import torch
from mil_packages import mb
from torch import Tensor, nn

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


LARGE = np.float16([[300, 400, 0.0], [3, 4, 12]])


@pytest.mark.parametrize(
    ("build", "truth"),
    [
        # Squares, sums and products that no float16 holds, on the way to a result that one does.
        (lambda x: mb.reduce_l2_norm(x=x, axes=[1]), [500, 13]),
        (lambda x: mb.reduce_log_sum(x=mb.concat(values=[x] * 200, axis=1), axes=[1]),
         np.log([200 * 700, 200 * 19])),
        (lambda x: mb.reduce_prod(x=mb.concat(values=[x, x], axis=1), axes=[1]), [0, 144**2]),
        (lambda x: mb.l2_pool(x=mb.expand_dims(x=x, axes=[0]), kernel_sizes=[3], strides=[1],
                              pad_type="valid"), [[[500], [13]]]),
        (lambda x: mb.linear_activation(x=x, alpha=np.float16(300), beta=np.float16(-65000)),
         300.0 * LARGE.astype(float) - 65000),
        (lambda x: mb.cumsum(x=mb.add(x=mb.mul(x=x, y=np.float16(0)), y=np.float16([1, 4096, 0])),
                             axis=1, exclusive=True), [[0, 1, 4097]] * 2),
    ],
    ids=["reduce_l2_norm", "reduce_log_sum", "reduce_prod", "l2_pool",
         "linear_activation", "cumsum"],
)  # fmt: skip
def test_steps_inside_an_operation_are_not_rounded(tmp_path: Path, build: Any, truth: Any) -> None:
    loaded = ReferenceRuntime().load(mil_packages.save(tmp_path, build, {"x": LARGE}))
    (actual,) = loaded.predict({"x": LARGE}).values()
    assert actual.dtype == np.float16
    np.testing.assert_array_max_ulp(actual, np.asarray(truth).astype(np.float16), maxulp=1)


class Scan(nn.Module):
    """A selective scan, unrolled, whose state may be kept in another type than the rest."""

    def __init__(self, state: torch.dtype | None) -> None:
        super().__init__()
        self.state = state

    def forward(self, x: Tensor, decay: Tensor, weight: Tensor) -> Tensor:
        x, decay, weight = (each.to(self.state or each.dtype) for each in (x, decay, weight))
        h, results = torch.zeros_like(x[:, 0]), []
        for time in range(x.shape[1]):
            h = decay[:, time] * h + x[:, time]
            results.append((h * weight[:, time]).sum(-1))
        return torch.stack(results, 1)


@pytest.mark.parametrize("state", [None, torch.float32])
def test_a_scan_in_float16_overflows_where_every_result_of_it_is_rounded(
    tmp_path: Path, state: torch.dtype | None
) -> None:
    random = torch.Generator().manual_seed(3)
    x = 40000 * torch.rand(1, 12, 8, generator=random)
    decay, weight = (torch.rand(1, 12, 8, generator=random) for _ in range(2))
    given = (x, decay.sqrt(), weight / 64)
    path = tmp_path / "scan.mlpackage"
    ct.convert(
        torch.jit.trace(Scan(state), given),
        inputs=[ct.TensorType(name, x.shape) for name in ("x", "decay", "weight")],
        minimum_deployment_target=ct.target.iOS17,
        skip_model_load=True,
    ).save(str(path))
    half = [each.half() for each in given]
    arrays = {n: a.numpy() for n, a in zip(("x", "decay", "weight"), half, strict=True)}
    (actual,) = ReferenceRuntime().load(path).predict(arrays).values()
    # The converter leaves no float32 in a program of float16, whatever the model computed in.
    rounded, kept = Scan(None)(*half).numpy(), Scan(torch.float32)(*half).numpy()
    np.testing.assert_array_equal(np.isfinite(actual), np.isfinite(rounded))
    assert np.isfinite(kept).all()
    assert not np.isfinite(rounded).all()
    finite = np.isfinite(rounded)
    np.testing.assert_allclose(actual[finite], rounded[finite], rtol=2**-8)


@pytest.mark.parametrize(("reciprocal", "offset"), [(True, 1e-4), (False, 0.0)])
def test_a_reciprocal_is_converted_with_an_epsilon_and_a_division_is_not(
    tmp_path: Path, reciprocal: bool, offset: float
) -> None:
    class Snake(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.alpha = nn.Parameter(torch.linspace(0.2, 2, 4)[:, None])

        def forward(self, x: Tensor) -> Tensor:
            wave = torch.sin(self.alpha * x).square()
            return x + (self.alpha.reciprocal() * wave if reciprocal else wave / self.alpha)

    x = torch.randn(1, 4, 50, generator=torch.Generator().manual_seed(5))
    path = tmp_path / "snake.mlpackage"
    ct.convert(
        torch.jit.trace(Snake(), x),
        inputs=[ct.TensorType("x", x.shape)],
        compute_precision=ct.precision.FLOAT32,
        skip_model_load=True,
    ).save(str(path))
    (actual,) = ReferenceRuntime().load(path).predict({"x": x.numpy()}).values()
    alpha, wide = torch.linspace(0.2, 2, 4)[:, None].double(), x.double()
    exact = wide + torch.sin(alpha * wide).square() / (alpha + offset)
    np.testing.assert_allclose(actual, exact.numpy(), rtol=1e-5, atol=1e-6)
