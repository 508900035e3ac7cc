"""Compressed weights against coremltools' own decompression, and fp16 programs."""

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

RNG = np.random.default_rng(13)
BIT_DTYPES = {n: types.nptype_from_builtin(getattr(types, f"uint{n}")) for n in (1, 2, 3, 4, 6)}
INT4 = types.nptype_from_builtin(types.int4)


def _indices(bits: int, *shape: int) -> np.ndarray:
    return RNG.integers(0, 2**bits, shape).astype(BIT_DTYPES.get(bits, np.uint8))


def _table(bits: int, *groups: int, width: int = 1) -> np.ndarray:
    return RNG.standard_normal((*groups, 2**bits, width)).astype(np.float16)


MASK = RNG.integers(0, 2, (6, 8)).astype(BIT_DTYPES[1])
PRESENT = int(np.count_nonzero(MASK))

OLD: dict[str, Callable[[], Any]] = {
    "affine by row": lambda: mb.constexpr_affine_dequantize(
        quantized_data=RNG.integers(-128, 128, (6, 8)).astype(np.int8),
        zero_point=np.arange(6, dtype=np.int8),
        scale=np.linspace(0.1, 0.2, 6).astype(np.float32),
        axis=0,
    ),
    "affine scalar": lambda: mb.constexpr_affine_dequantize(
        quantized_data=RNG.integers(0, 256, (6, 8)).astype(np.uint8),
        zero_point=np.uint8(7),
        scale=np.float32(0.05),
        axis=0,
    ),
    "lut": lambda: mb.constexpr_lut_to_dense(
        indices=RNG.integers(0, 256, 36).astype(np.uint8),
        lut=np.linspace(-1, 1, 64).astype(np.float32),
        shape=np.array([6, 8], np.uint32),
    ),
    "sparse": lambda: mb.constexpr_sparse_to_dense(
        nonzero_data=np.arange(1, 13, dtype=np.float32),
        mask=np.array([255, 0, 1, 0, 2, 6], np.uint8),
        shape=np.array([6, 8], np.uint32),
    ),
    "cast": lambda: mb.constexpr_cast(
        source_val=RNG.standard_normal((6, 8)).astype(np.float16), output_dtype="fp32"
    ),
}
NEW: dict[str, Callable[[], Any]] = {
    "blockwise int4": lambda: mb.constexpr_blockwise_shift_scale(
        data=RNG.integers(-8, 8, (6, 8)).astype(INT4),
        scale=RNG.uniform(0.1, 1, (6, 2)).astype(np.float16),
        offset=RNG.integers(-8, 8, (6, 2)).astype(INT4),
    ),
    "blockwise uint8": lambda: mb.constexpr_blockwise_shift_scale(
        data=RNG.integers(0, 256, (6, 8)).astype(np.uint8),
        scale=RNG.uniform(0.1, 1, (3, 1)).astype(np.float16),
    ),
    **{
        f"lut of {bits} bits": lambda bits=bits: mb.constexpr_lut_to_dense(
            indices=_indices(bits, 6, 8), lut=_table(bits, 2, 1)
        )
        for bits in (1, 2, 3, 4, 6, 8)
    },
    "lut of vectors": lambda: mb.constexpr_lut_to_dense(
        indices=_indices(2, 3, 8), lut=_table(2, 1, 4, width=2), vector_axis=0
    ),
    "sparse": lambda: mb.constexpr_sparse_to_dense(
        nonzero_data=np.arange(PRESENT).astype(np.float16), mask=MASK
    ),
    "sparse blockwise": lambda: mb.constexpr_sparse_to_dense(
        **dict(
            zip(
                ("mask", "nonzero_data"),
                mb.constexpr_sparse_blockwise_shift_scale(
                    data_mask=MASK,
                    nonzero_data=RNG.integers(-128, 128, PRESENT).astype(np.int8),
                    scale=RNG.uniform(0.1, 1, (6, 1)).astype(np.float16),
                ),
                strict=True,
            )
        )
    ),
    "sparse lut": lambda: mb.constexpr_sparse_to_dense(
        **dict(
            zip(
                ("mask", "nonzero_data"),
                mb.constexpr_lut_to_sparse(
                    indices_mask=MASK,
                    indices_nonzero_data=_indices(4, PRESENT),
                    lut=_table(4, 1, 1),
                ),
                strict=True,
            )
        )
    ),
}


@pytest.mark.parametrize("name", [*(f"ios16 {n}" for n in OLD), *(f"ios18 {n}" for n in NEW)])
def test_weights_decompress_as_coremltools_does(name: str, tmp_path: Path) -> None:
    era, _, case = name.partition(" ")
    target, cases = (ct.target.iOS16, OLD) if era == "ios16" else (ct.target.iOS18, NEW)
    dtype = np.float32 if era == "ios16" else np.float16
    truth: list[np.ndarray] = []

    def build(x: Any) -> Any:
        weight = cases[case]()
        truth.append(np.asarray(weight.op.materialized_val_inference()).astype(np.float64))
        return mb.matmul(x=x, y=weight)

    eye = np.eye(6, dtype=dtype)
    loaded = ReferenceRuntime().load(mil_packages.save(tmp_path, build, {"x": eye}, target))
    (actual,) = loaded.predict({"x": eye}).values()
    loaded.unload()
    np.testing.assert_allclose(actual, truth[0], rtol=1e-3, atol=1e-3)


def test_fp16_programs_compute_in_fp16(tmp_path: Path) -> None:
    weight = RNG.standard_normal((32, 16)).astype(np.float16)
    x = RNG.standard_normal((4, 16)).astype(np.float16)

    def build(x: Any) -> Any:
        y = mb.gelu(x=mb.linear(x=x, weight=weight), mode="EXACT")
        y = mb.layer_norm(x=y, axes=[-1], epsilon=np.float16(1e-3))
        return mb.softmax(x=mb.mul(x=y, y=np.float16(1000))), mb.mul(x=y, y=np.float16(60000))

    loaded = ReferenceRuntime().load(mil_packages.save(tmp_path, build, {"x": x}))
    assert {port.dtype for port in (*loaded.inputs, *loaded.outputs)} == {"float16"}
    softmax, large = loaded.predict({"x": x}).values()
    loaded.unload()
    assert softmax.dtype == large.dtype == np.float16
    np.testing.assert_allclose(softmax.sum(-1), 1, rtol=2e-3)
    assert np.isinf(large).any(), "65504 is the largest number of fp16"
