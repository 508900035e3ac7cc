"""Every operation against coremltools' own value inference of the same program."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import coremltools as ct
import mil_packages
import numpy as np
import pytest
from coremltools.converters.mil.mil import types
from mil_packages import mb

from devsim.runtime.reference import ReferenceRuntime

RNG = np.random.default_rng(7)
INPUTS = {
    "x": RNG.standard_normal((2, 3, 4)).astype(np.float32),
    "y": RNG.standard_normal((3, 1)).astype(np.float32),
    "u": RNG.uniform(0.05, 0.95, (2, 3, 4)).astype(np.float32),
    "n": RNG.integers(-9, 9, (2, 3, 4)).astype(np.int32),
    "m": RNG.integers(1, 5, (3, 4)).astype(np.int32),
    "i": np.array([[1, 0], [-1, 2]], np.int32),
}

Case = Callable[[dict[str, Any]], Any]


def _of(x: str, name: str) -> Case:
    return lambda v: getattr(mb, name)(x=v[x])


def _of_two(x: str, y: str, name: str) -> Case:
    return lambda v: getattr(mb, name)(x=v[x], y=v[y])


def _reduction(name: str, axes: list[int] | None, keep: bool) -> Case:
    return lambda v: getattr(mb, name)(x=v["u"], axes=axes, keep_dims=keep)


CASES: dict[str, Case] = {
    **{
        name: _of("x", name)
        for name in (
            "abs", "atan", "ceil", "cos", "cosh", "erf", "exp", "exp2", "floor", "round", "sign",
            "sin", "sinh", "square", "tan", "tanh", "relu", "relu6", "sigmoid", "softplus",
            "softsign", "softmax", "identity",
        )
    },
    **{
        name: _of("u", name)
        for name in ("acos", "asin", "atanh", "sqrt", "log", "rsqrt", "inverse")
    },
    **{
        name: _of_two("x", "y", name)
        for name in (
            "add", "sub", "mul", "real_div", "floor_div", "mod", "maximum", "minimum", "equal",
            "not_equal", "greater", "greater_equal", "less", "less_equal",
        )
    },
    **{
        f"{name} of integers": _of_two("n", "m", name)
        for name in ("add", "sub", "mul", "floor_div", "mod", "maximum", "greater")
    },
    "pow": lambda v: mb.pow(x=v["u"], y=v["y"]),
    **{
        f"{name} {axes} {keep}": _reduction(name, axes, keep)
        for name in (
            "reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_prod",
            "reduce_sum_square", "reduce_l1_norm", "reduce_l2_norm", "reduce_log_sum",
            "reduce_log_sum_exp",
        )
        for axes, keep in ((None, False), ([-1], True), ([0, 2], False))
    },
    "argmax": lambda v: mb.reduce_argmax(x=v["x"], axis=1),
    "argmin": lambda v: mb.reduce_argmin(x=v["x"], axis=-1, keep_dims=True),
    "gelu exact": lambda v: mb.gelu(x=v["x"], mode="EXACT"),
    "gelu tanh": lambda v: mb.gelu(x=v["x"], mode="TANH_APPROXIMATION"),
    "gelu sigmoid": lambda v: mb.gelu(x=v["x"], mode="SIGMOID_APPROXIMATION"),
    "clip": lambda v: mb.clip(x=v["x"], alpha=-0.5, beta=0.25),
    "threshold": lambda v: mb.threshold(x=v["x"], alpha=0.1),
    "elu": lambda v: mb.elu(x=v["x"], alpha=1.5),
    "leaky_relu": lambda v: mb.leaky_relu(x=v["x"], alpha=0.2),
    "clamped_relu": lambda v: mb.clamped_relu(x=v["x"], alpha=0.3, beta=0.5),
    "linear_activation": lambda v: mb.linear_activation(x=v["x"], alpha=2.0, beta=-1.0),
    "prelu": lambda v: mb.prelu(x=v["x"], alpha=np.array([0.1, 0.1, 0.1], np.float32)),
    "scaled_tanh": lambda v: mb.scaled_tanh(x=v["x"], alpha=1.5, beta=0.5),
    "sigmoid_hard": lambda v: mb.sigmoid_hard(x=v["x"], alpha=0.3, beta=0.4),
    "softplus_parametric": lambda v: mb.softplus_parametric(
        x=v["x"], alpha=np.array([1, 2, 3], np.float32), beta=np.array([3, 2, 1], np.float32)
    ),
    "thresholded_relu": lambda v: mb.thresholded_relu(x=v["x"], alpha=0.5),
    "softmax axis": lambda v: mb.softmax(x=v["x"], axis=1),
    "layer_norm last": lambda v: mb.layer_norm(
        x=v["x"], axes=[-1], gamma=np.arange(4, dtype=np.float32), epsilon=1e-3
    ),
    "layer_norm middle": lambda v: mb.layer_norm(
        x=v["x"],
        axes=[0, 1],
        gamma=np.arange(6, dtype=np.float32).reshape(2, 3),
        beta=np.ones((2, 3), np.float32),
    ),
    "layer_norm of two": lambda v: mb.layer_norm(x=v["x"], axes=[1, 2]),
    "l2_norm": lambda v: mb.l2_norm(x=v["x"]),
    "linear": lambda v: mb.linear(
        x=v["x"], weight=np.arange(20, dtype=np.float32).reshape(5, 4), bias=np.ones(5, np.float32)
    ),
    "matmul": lambda v: mb.matmul(x=v["x"], y=v["u"], transpose_y=True),
    "matmul transposed": lambda v: mb.matmul(x=v["x"], y=v["u"], transpose_x=True),
    "attention": lambda v: mb.scaled_dot_product_attention(query=v["x"], key=v["u"], value=v["x"]),
    "attention float mask": lambda v: mb.scaled_dot_product_attention(
        query=v["x"], key=v["u"], value=v["x"], attn_mask=np.eye(3, dtype=np.float32)
    ),
    "attention bool mask": lambda v: mb.scaled_dot_product_attention(
        query=v["x"], key=v["u"], value=v["x"], attn_mask=np.tri(3, dtype=bool)
    ),
    "reshape": lambda v: mb.reshape(x=v["x"], shape=[0, -1, 2]),
    "expand_dims": lambda v: mb.expand_dims(x=v["x"], axes=[-1, 1]),
    "squeeze": lambda v: mb.squeeze(x=v["y"], axes=[-1]),
    "squeeze all": lambda v: mb.squeeze(x=v["y"]),
    "transpose": lambda v: mb.transpose(x=v["x"], perm=[2, 0, -2]),
    "reverse": lambda v: mb.reverse(x=v["x"], axes=[0, -1]),
    "reverse all": lambda v: mb.reverse(x=v["x"]),
    "flatten2d": lambda v: mb.flatten2d(x=v["x"], axis=-1),
    "concat": lambda v: mb.concat(values=[v["x"], v["u"], v["x"]], axis=-2),
    "concat scalars": lambda v: mb.concat(
        values=[mb.reduce_max(x=v["x"]), mb.reduce_min(x=v["x"]), mb.reduce_max(x=v["u"])], axis=0
    ),
    "stack": lambda v: mb.stack(values=[v["x"], v["u"]], axis=-1),
    "split": lambda v: mb.split(x=v["x"], num_splits=2, axis=-1),
    "split sizes": lambda v: mb.split(x=v["x"], split_sizes=[1, 3], axis=2),
    "tile": lambda v: mb.tile(x=v["x"], reps=[2, 1, 3]),
    "slice": lambda v: mb.slice_by_index(
        x=v["x"], begin=[0, -2, 9], end=[0, 3, -1], stride=[1, 1, 2],
        begin_mask=[False, False, True], end_mask=[True, False, False],
    ),
    "slice backwards": lambda v: mb.slice_by_index(
        x=v["x"], begin=[1, 2, 3], end=[0, 0, 0], stride=[1, -1, -2],
        end_mask=[True, False, True],
    ),
    "slice squeezed": lambda v: mb.slice_by_index(
        x=v["x"], begin=[1, 0, -1], end=[2, 2, 0], squeeze_mask=[True, False, True]
    ),
    "slice_by_size": lambda v: mb.slice_by_size(x=v["x"], begin=[0, 1, -3], size=[1, -1, 2]),
    "slice_update": lambda v: mb.slice_update(
        x=v["x"], update=np.zeros((2, 1, 4), np.float32), begin=[0, 1, 0], end=[2, 2, 4]
    ),
    "slice_update backwards": lambda v: mb.slice_update(
        x=v["x"], update=np.arange(8, dtype=np.float32).reshape(2, 1, 4),
        begin=[0, 1, 3], end=[2, 2, 0], stride=[1, 1, -1], end_mask=[False, False, True],
    ),
    "gather": lambda v: mb.gather(x=v["x"], indices=v["i"], axis=1, validate_indices=False),
    "gather_along_axis": lambda v: mb.gather_along_axis(
        x=v["x"], indices=np.array([[[3, 0, 1, 2]] * 3] * 2, np.int32), axis=-1
    ),
    "scatter_along_axis": lambda v: mb.scatter_along_axis(
        data=v["x"], indices=np.array([[[1], [-1], [0]], [[0], [2], [2]]], np.int32),
        updates=np.full((2, 3, 1), 5, np.float32), axis=2, mode="update",
    ),
    "band_part": lambda v: mb.band_part(x=v["x"], lower=0, upper=1),
    "band_part whole": lambda v: mb.band_part(x=v["x"], lower=-1, upper=0),
    "cumsum": lambda v: mb.cumsum(x=v["x"], axis=1),
    "cumsum reversed": lambda v: mb.cumsum(x=v["x"], axis=2, reverse=True),
    "fill": lambda v: mb.fill(shape=[2, 3], value=1.5),
    "non_zero": lambda v: mb.reduce_sum(x=mb.non_zero(x=v["n"]), axes=[0]),
    "pad constant": lambda v: mb.pad(
        x=v["x"], pad=[1, 0, 2, 1], mode="constant", constant_val=3.0
    ),
    "pad reflect": lambda v: mb.pad(x=v["x"], pad=[0, 0, 2, 1, 3, 0], mode="reflect"),
    "pad replicate": lambda v: mb.pad(x=v["x"], pad=[2, 1], mode="replicate"),
    "range_1d": lambda v: mb.range_1d(start=2, end=11, step=4),
    "argsort": lambda v: mb.argsort(x=v["x"], axis=1),
    "argsort ascending": lambda v: mb.argsort(x=v["x"], ascending=True),
    "topk": lambda v: mb.topk(x=v["x"], k=2, axis=-1),
    "topk ascending": lambda v: mb.topk(x=v["x"], k=1, axis=1, ascending=True),
    "select": lambda v: mb.select(cond=mb.greater(x=v["x"], y=0.0), a=v["x"], b=v["u"]),
    "shape": lambda v: mb.shape(x=v["x"]),
    "cast to int": lambda v: mb.cast(x=mb.mul(x=v["x"], y=4.0), dtype="int32"),
    "cast to bool": lambda v: mb.cast(x=v["n"], dtype="bool"),
    "cast to fp16": lambda v: mb.cast(x=v["x"], dtype="fp16"),
    "logical": lambda v: mb.logical_and(
        x=mb.logical_not(x=mb.cast(x=v["n"], dtype="bool")), y=mb.less(x=v["x"], y=v["u"])
    ),
    "logical_or": lambda v: mb.logical_or(
        x=mb.cast(x=v["n"], dtype="bool"), y=mb.less(x=v["x"], y=v["u"])
    ),
    "logical_xor": lambda v: mb.logical_xor(
        x=mb.cast(x=v["n"], dtype="bool"), y=mb.less(x=v["x"], y=v["u"])
    ),
    "quantize": lambda v: mb.quantize(
        input=v["x"], zero_point=np.int8(3), scale=np.float32(0.02), output_dtype="int8"
    ),
}  # fmt: skip


def _everything(**values: object) -> list[object]:
    return [output for case in CASES.values() for output in _portable(case(values))]


def _portable(result: object) -> list[object]:
    """Outputs may only be float or int32; the rest are cast on the way out."""
    outputs = result if isinstance(result, tuple | list) else [result]
    return [
        mb.identity(x=each)
        if each.dtype in (types.fp16, types.fp32)
        else mb.cast(x=each, dtype="int32")
        for each in outputs
    ]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[np.ndarray]]:
    """What the runtime computes for every case, in one package of them all."""
    package = mil_packages.save(tmp_path_factory.mktemp("ops"), _everything, INPUTS)
    loaded = ReferenceRuntime().load(package)
    computed = loaded.predict(INPUTS)
    assert all(computed[port.name].shape == port.shape for port in loaded.outputs)
    assert all(computed[port.name].dtype == port.dtype for port in loaded.outputs)
    arrays = iter([computed[port.name] for port in loaded.outputs])
    loaded.unload()
    return {name: [next(arrays) for _ in _evaluated(name)] for name in CASES}


def _evaluated(name: str) -> list[np.ndarray]:
    return mil_packages.evaluate(lambda **values: CASES[name](values), INPUTS)


@pytest.mark.parametrize("name", CASES)
def test_operation_agrees_with_coremltools(name: str, results: dict[str, list[np.ndarray]]) -> None:
    for actual, truth in zip(results[name], _evaluated(name), strict=True):
        assert actual.shape == truth.shape
        np.testing.assert_allclose(actual, truth, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("target", [ct.target.iOS15, ct.target.iOS16, ct.target.iOS17])
def test_older_targets_run_too(target: ct.target, tmp_path: Path) -> None:
    def build(x: object) -> object:
        return mb.gather(x=mb.silu(x=x), indices=np.array([2, 0], np.int32), axis=1)

    x = INPUTS["x"]
    loaded = ReferenceRuntime().load(mil_packages.save(tmp_path, build, {"x": x}, target))
    (actual,) = loaded.predict({"x": x}).values()
    np.testing.assert_allclose(actual, (x / (1 + np.exp(-x)))[:, [2, 0]], rtol=1e-5)
