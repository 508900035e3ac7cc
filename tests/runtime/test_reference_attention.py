"""Attention in parts against the same operations kept apart, bit for bit, and against torch."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from coremltools.proto import Model_pb2
from mil_packages import mb, save

from devsim.core.errors import BadFileError
from devsim.mlpackage.package import open_package
from devsim.runtime.reference import ReferenceRuntime
from devsim.runtime.reference.compiler import compile_program

RANDOM = np.random.default_rng(0)
HEADS, ROWS, KEYS, SIZE = (2, 3), 300, 500, 8
"""More rows than one run has, which is 131."""

MASKS: dict[str, tuple[int, ...]] = {
    "none": (),
    "of keys": (2, 1, 1, KEYS),
    "of all": (*HEADS, ROWS, KEYS),
    "of rows and keys": (ROWS, KEYS),
    "of rows, of a batch element": (2, 1, ROWS, KEYS),
    "of a head": (3, 1, 1),
}


def _tensors(mask: tuple[int, ...], dtype: str = "float32") -> dict[str, np.ndarray]:
    shapes = {"q": (*HEADS, ROWS, SIZE), "k": (*HEADS, KEYS, SIZE), "v": (*HEADS, KEYS, SIZE)}
    if mask:
        shapes["m"] = mask
    return {name: RANDOM.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}


def _attention(q: Any, k: Any, v: Any, m: Any = None) -> list[Any]:
    """All that is computed, in order."""
    made = [mb.matmul(x=q, y=k, transpose_y=True)]
    if m is not None:
        made.append(mb.add(x=m, y=made[-1]))
    made.append(mb.softmax(x=made[-1], axis=-1))
    made.append(mb.matmul(x=made[-1], y=v))
    return made


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_attention_is_what_its_operations_give_one_by_one(
    tmp_path: Path, mask: tuple[int, ...], dtype: str
) -> None:
    given = _tensors(mask, dtype)
    joined = save(tmp_path, lambda **x: _attention(**x)[-1], given, name="joined")
    # Scores that are outputs themselves are computed whole.
    apart = save(tmp_path, lambda **x: _attention(**x), given, name="apart")
    (ours,) = ReferenceRuntime().load(joined).predict(given).values()
    *_, alone = ReferenceRuntime().load(apart).predict(given).values()
    assert ours.tobytes() == alone.tobytes()
    assert len(compile_program(open_package(joined)).units) == 1
    if dtype == "float32":
        tensors = {name: torch.from_numpy(array) for name, array in given.items()}
        bias = tensors.get("m")
        wanted = F.scaled_dot_product_attention(
            tensors["q"], tensors["k"], tensors["v"], bias, scale=1.0
        )
        np.testing.assert_allclose(ours, wanted.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("rows", "keys", "size"), [(300, 20, 600), (5, 7, 3), (130, 130, 16), (2, 400, 1), (1, 9, 9)]
)
def test_heads_and_rows_of_any_number_give_the_same_bits(
    tmp_path: Path, rows: int, keys: int, size: int
) -> None:
    shapes = {"q": (3, 40, rows, size), "k": (3, 40, keys, size), "v": (3, 40, keys, 24)}
    given = {name: RANDOM.standard_normal(each).astype(np.float32) for name, each in shapes.items()}
    joined = save(tmp_path, lambda **x: _attention(**x)[-1], given, name="joined")
    apart = save(tmp_path, lambda **x: _attention(**x), given, name="apart")
    (ours,) = ReferenceRuntime().load(joined).predict(given).values()
    *_, alone = ReferenceRuntime().load(apart).predict(given).values()
    assert ours.tobytes() == alone.tobytes()


def test_scores_that_are_not_of_matrices_are_computed_whole(tmp_path: Path) -> None:
    given = {"q": np.ones((1, 4), np.float32), "k": np.eye(4, dtype=np.float32)}
    path = save(tmp_path, lambda q, k: _attention(q, k, k)[-1], given)
    (ours,) = ReferenceRuntime().load(path).predict(given).values()
    np.testing.assert_allclose(ours, np.full((1, 4), 0.25), rtol=1e-6)


def test_a_softmax_over_rows_is_not_cut_into_parts(tmp_path: Path) -> None:
    given = _tensors(())

    def build(q: Any, k: Any, v: Any) -> Any:
        scores = mb.softmax(x=mb.matmul(x=q, y=k, transpose_y=True), axis=1)
        return mb.matmul(x=scores, y=v)

    (ours,) = ReferenceRuntime().load(save(tmp_path, build, given)).predict(given).values()
    q, k, v = (torch.from_numpy(given[name]) for name in "qkv")
    wanted = torch.softmax(q @ k.transpose(-1, -2), 1) @ v
    np.testing.assert_allclose(ours, wanted.numpy(), rtol=1e-4, atol=1e-5)


def test_scores_of_another_shape_than_declared_are_refused(tmp_path: Path) -> None:
    given = _tensors(())
    path = save(tmp_path, lambda **x: _attention(**x)[-1], given)
    spec = next(path.rglob("*.mlmodel"))
    model = Model_pb2.Model.FromString(spec.read_bytes())
    function = model.mlProgram.functions["main"]
    (block,) = function.block_specializations.values()
    softmax = next(each for each in block.operations if each.type == "softmax")
    softmax.outputs[0].type.tensorType.dimensions[-1].constant.size = 7
    spec.write_bytes(model.SerializeToString())
    with pytest.raises(BadFileError, match=r"softmax\) gives shape .* declared"):
        ReferenceRuntime().load(path).predict(given)
