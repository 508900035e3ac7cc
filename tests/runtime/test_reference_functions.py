"""Packages of several functions, and inputs of several shapes."""

import shutil
from pathlib import Path
from typing import Any

import coremltools as ct
import mil_packages
import numpy as np
import pytest
import torch
from coremltools.proto import Model_pb2
from mil_packages import mb

from devsim.core.errors import BadFileError, BadInputError
from devsim.runtime.reference import ReferenceRuntime

SPEC = "Data/com.apple.CoreML/model.mlmodel"
X = np.arange(16, dtype=np.float32).reshape(4, 4)
WEIGHT = np.random.default_rng(0).standard_normal((4, 4)).astype(np.float32)


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Functions ``plus``, ``minus`` (the default) and ``times`` of one weight."""
    folder = tmp_path_factory.mktemp("functions")
    descriptor = ct.utils.MultiFunctionDescriptor()
    kinds = {
        "plus": lambda x: mb.add(x=mb.linear(x=x, weight=WEIGHT), y=1.0, name="y"),
        "minus": lambda x: mb.sub(x=mb.linear(x=x, weight=WEIGHT), y=1.0, name="y"),
        "times": lambda x: mb.mul(x=mb.linear(x=x, weight=WEIGHT), y=2.0, name="y"),
    }
    for name, build in kinds.items():
        path = mil_packages.save(folder, build, {"x": X}, name=name)
        descriptor.add_function(str(path), "main", name)
    descriptor.default_function_name = "minus"
    ct.utils.save_multifunction(descriptor, str(folder / "adapters.mlpackage"))
    return folder / "adapters.mlpackage"


@pytest.mark.parametrize(
    ("function", "truth"),
    [
        (None, X @ WEIGHT.T - 1),
        ("plus", X @ WEIGHT.T + 1),
        ("minus", X @ WEIGHT.T - 1),
        ("times", X @ WEIGHT.T * 2),
    ],
)
def test_a_function_is_chosen_at_load(
    adapters: Path, function: str | None, truth: np.ndarray
) -> None:
    loaded = ReferenceRuntime().load(adapters, function)
    np.testing.assert_allclose(loaded.predict({"x": X})["y"], truth, rtol=1e-5, atol=1e-5)


def test_functions_are_cached_apart_and_forgotten_together(adapters: Path) -> None:
    runtime = ReferenceRuntime()
    plus, minus = runtime.load(adapters, "plus"), runtime.load(adapters)
    difference = plus.predict({"x": X})["y"] - minus.predict({"x": X})["y"]
    np.testing.assert_allclose(difference, 2, rtol=1e-4)
    assert len(runtime._compiled) == 2
    runtime.forget(adapters)
    assert not runtime._compiled


def test_a_function_that_is_not_there(adapters: Path) -> None:
    with pytest.raises(BadInputError, match="no function 'over'; use one of: minus, plus, times"):
        ReferenceRuntime().load(adapters, "over")


def _edited(package: Path, folder: Path, edit: Any) -> Path:
    copy = shutil.copytree(package, folder / "hostile.mlpackage")
    model = Model_pb2.Model.FromString((copy / SPEC).read_bytes())
    edit(model)
    (copy / SPEC).write_bytes(model.SerializeToString())
    return copy


@pytest.mark.parametrize(
    ("edit", "because"),
    [
        (
            lambda m: setattr(m.description, "defaultFunctionName", "ghost"),
            "no function 'ghost'",
        ),
        (lambda m: setattr(m.description, "defaultFunctionName", ""), "no function 'main'"),
        (
            lambda m: m.mlProgram.functions["minus"].ClearField("block_specializations"),
            "has no block",
        ),
    ],
)
def test_defaults_that_lie(adapters: Path, tmp_path: Path, edit: Any, because: str) -> None:
    with pytest.raises(BadFileError, match=f"hostile.mlpackage: .*{because}"):
        ReferenceRuntime().load(_edited(adapters, tmp_path, edit))


class Sum(torch.nn.Module):
    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return a + b


class Gram(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x - 1) @ x.transpose(0, 1) / x.shape[0]


def _flexible(folder: Path, shape: Any) -> Path:
    path = folder / "gram.mlpackage"
    ct.convert(
        torch.jit.trace(Gram().eval(), torch.zeros(3, 4)),
        inputs=[ct.TensorType("x", shape)],
        outputs=[ct.TensorType("y")],
        minimum_deployment_target=ct.target.iOS18,
        compute_precision=ct.precision.FLOAT32,
        skip_model_load=True,
    ).save(str(path))
    return path


@pytest.mark.filterwarnings("ignore")  # of the tracer and of coremltools
@pytest.mark.parametrize(
    ("shape", "default", "taken", "refused", "told"),
    [
        (
            ct.Shape((ct.RangeDim(2, 6, default=3), 4)), (3, 4),
            [(2, 4), (6, 4), (3, 4), (2, 4)], [(1, 4), (7, 4), (3, 3), (3, 4, 1), ()],
            r"\(2 to 6, 4\)",
        ),
        (
            ct.Shape((ct.RangeDim(1, 1000, default=2), 4)), (2, 4),
            [(1, 4), (50, 4)], [(0, 4)], r"\(1 to 1000, 4\)",
        ),
        (
            ct.EnumeratedShapes([(3, 4), (5, 4)], default=(5, 4)), (5, 4),
            [(5, 4), (3, 4)], [(4, 4), (5, 3)], r"\((3|5), 4\) or \((3|5), 4\)",
        ),
    ],
    ids=["range", "wide range", "enumerated"],
)  # fmt: skip
def test_flexible_shapes(
    tmp_path: Path, shape: Any, default: Any, taken: Any, refused: Any, told: str
) -> None:
    package = _flexible(tmp_path, shape)
    loaded = ReferenceRuntime().load(package)
    assert [port.shape for port in loaded.inputs] == [default]
    assert [port.shape for port in loaded.outputs] == [(-1, -1)]
    for each in taken:
        given = np.random.default_rng(1).standard_normal(each).astype(np.float32)
        truth = Gram()(torch.from_numpy(given)).numpy()
        np.testing.assert_allclose(loaded.predict({"x": given})["y"], truth, rtol=1e-4, atol=1e-5)
    for each in refused:
        assert not loaded.inputs[0].admits(each)
        with pytest.raises(BadInputError, match=f"gram.mlpackage: input 'x' is .*{told}") as caught:
            loaded.predict({"x": np.zeros(each, np.float32)})
        assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore")
def test_shapes_that_do_not_go_together(tmp_path: Path) -> None:
    open_shape = (ct.RangeDim(1, 8, default=2),)
    path = tmp_path / "sum.mlpackage"
    ct.convert(
        torch.jit.trace(Sum().eval(), (torch.zeros(2), torch.zeros(2))),
        inputs=[ct.TensorType(name, open_shape) for name in ("a", "b")],
        minimum_deployment_target=ct.target.iOS18,
        skip_model_load=True,
    ).save(str(path))
    loaded = ReferenceRuntime().load(path)
    ones = {size: np.ones(size, np.dtype(loaded.inputs[0].dtype)) for size in (3, 5)}
    (total,) = loaded.predict({"a": ones[3], "b": ones[3]}).values()
    assert total.tolist() == [2, 2, 2]
    with pytest.raises(BadInputError, match=r"cannot be computed.*shapes that go together"):
        loaded.predict({"a": ones[3], "b": ones[5]})


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "edit",
    [
        lambda a: setattr(a.shapeRange.sizeRanges[1], "upperBound", 9),
        lambda a: a.shapeRange.sizeRanges.pop(),
        lambda a: a.enumeratedShapes.shapes.add().shape.extend([2, 5]),
        lambda a: a.enumeratedShapes.shapes.add().shape.extend([-2, 4]),
    ],
)
def test_descriptions_that_lie(tmp_path: Path, edit: Any) -> None:
    package = _flexible(tmp_path, ct.Shape((ct.RangeDim(2, 6, default=3), 4)))

    def lie(model: Any) -> None:
        edit(model.description.input[0].type.multiArrayType)

    with pytest.raises(BadFileError, match="its type excludes"):
        ReferenceRuntime().load(_edited(package, tmp_path, lie))
