"""What Core ML does not load is not loaded here: ports and shapes that contradict each other."""

import shutil
from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
import pytest
import torch
from coremltools.proto import Model_pb2
from torch import Tensor, nn

from devsim.core.errors import BadFileError
from devsim.runtime.reference import ReferenceRuntime

pytestmark = pytest.mark.filterwarnings("ignore")  # of the tracer and of coremltools

SPEC = "Data/com.apple.CoreML/model.mlmodel"
FLOAT16 = 65552


class Cache(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("total", torch.zeros(4, dtype=torch.float16))

    def forward(self, x: Tensor) -> Tensor:
        self.total.add_(x)
        return self.total * 2


@pytest.fixture(scope="module")
def stateful(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("described") / "stateful.mlpackage"
    half = np.float16
    ct.convert(
        torch.jit.trace(Cache().eval(), torch.ones(4, dtype=torch.float16)),
        inputs=[ct.TensorType("x", (4,), half)],
        outputs=[ct.TensorType("y", dtype=half)],
        states=[ct.StateType(wrapped_type=ct.TensorType(shape=(4,), dtype=half), name="total")],
        minimum_deployment_target=ct.target.iOS18,
        skip_model_load=True,
    ).save(str(path))
    return path


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (
            lambda d: d.state.pop(),
            "the program has state 'total', which the model's description does not have",
        ),
        (
            lambda d: setattr(d.state[0], "name", "sum"),
            "the model's description has state 'sum', which the program does not have",
        ),
        (lambda d: d.input.pop(), "the program has input 'x'"),
        (lambda d: d.output.pop(), "the program has output 'y'"),
        (lambda d: d.input.add(name="more"), "the model's description has input 'more'"),
        (lambda d: d.output.add(name="more"), "the model's description has output 'more'"),
        (
            lambda d: setattr(d.input[0].type.multiArrayType, "dataType", 65568),
            "'x' is float16 in the program and float32 in the model's description",
        ),
        (
            lambda d: setattr(d.output[0].type.multiArrayType, "dataType", 131104),
            "'y' is float16 in the program and int32 in the model's description",
        ),
        (lambda d: d.input[0].type.stringType.SetInParent(), "'x' is float16 .* nothing known"),
        (
            lambda d: d.input[0].type.multiArrayType.shape.__setitem__(0, 5),
            "input 'x' is described by shapes that its type excludes",
        ),
        (
            lambda d: d.output[0].type.multiArrayType.shape.__setitem__(0, 5),
            "output 'y' is described by a shape that its type excludes",
        ),
        (
            lambda d: d.input[0].type.multiArrayType.enumeratedShapes.shapes.add().shape.append(8),
            "input 'x' is described by shapes that its type excludes",
        ),
    ],
)
def test_ports_that_are_not_those_of_the_description(
    stateful: Path, tmp_path: Path, edit: Any, said: str
) -> None:
    ReferenceRuntime().load(stateful)
    copy = shutil.copytree(stateful, tmp_path / "hostile.mlpackage")
    model = Model_pb2.Model.FromString((copy / SPEC).read_bytes())
    edit(model.description)
    (copy / SPEC).write_bytes(model.SerializeToString())
    with pytest.raises(BadFileError, match=f"hostile.mlpackage: {said}"):
        ReferenceRuntime().load(copy)


class Both(nn.Module):
    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.cat((a, b))


class Stacked(nn.Module):
    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.stack((a, b))


def _two(path: Path, module: nn.Module, a: Any, b: Any) -> Path:
    ct.convert(
        torch.jit.trace(module.eval(), (torch.rand(4), torch.rand(4))),
        inputs=[ct.TensorType("a", a), ct.TensorType("b", b)],
        minimum_deployment_target=ct.target.iOS18,
        skip_model_load=True,
    ).save(str(path))
    return path


def _range(default: int) -> ct.Shape:
    return ct.Shape((ct.RangeDim(2, 10, default=default),))


@pytest.mark.parametrize(("default", "loads"), [(4, True), (2, False)])
@pytest.mark.parametrize("flexible", [(0,), (1,), (0, 1)])
def test_a_stack_is_of_one_shape_at_the_default_sizes_already(
    tmp_path: Path, default: int, loads: bool, flexible: tuple[int, ...]
) -> None:
    """coremltools' torch tests expect Core ML to refuse it, whatever is given at run time."""
    shapes = [
        _range(default if at == max(flexible) else 4) if at in flexible else (4,) for at in (0, 1)
    ]
    package = _two(tmp_path / "stack.mlpackage", Stacked(), *shapes)
    if loads:
        loaded = ReferenceRuntime().load(package)
        (result,) = loaded.predict({"a": np.ones(4), "b": np.zeros(4)}).values()
        assert result.tolist() == [[1] * 4, [0] * 4]
        return
    with pytest.raises(BadFileError, match=r"stacks values of shapes \(2,\) and \(4,\)"):
        ReferenceRuntime().load(package)


def test_enumerated_shapes_beside_a_range(tmp_path: Path) -> None:
    """Core ML ends with EnumeratedWithRangeInputsException."""
    listed = ct.EnumeratedShapes([(4,), (6,)])
    package = _two(tmp_path / "mixed.mlpackage", Both(), listed, _range(4))
    with pytest.raises(BadFileError, match="'a' is of enumerated shapes and 'b' of a range"):
        ReferenceRuntime().load(package)


def test_lists_of_shapes_of_different_lengths(tmp_path: Path) -> None:
    pair = ct.EnumeratedShapes([(4,), (6,)])
    package = _two(tmp_path / "lists.mlpackage", Both(), pair, pair)
    ReferenceRuntime().load(package)
    model = Model_pb2.Model.FromString((package / SPEC).read_bytes())
    shapes = model.description.input[1].type.multiArrayType.enumeratedShapes.shapes
    shapes.add().shape.append(8)
    (package / SPEC).write_bytes(model.SerializeToString())
    with pytest.raises(BadFileError, match=r"different numbers .* \('a' 2, 'b' 3\)"):
        ReferenceRuntime().load(package)
