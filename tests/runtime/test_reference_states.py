"""States, kept by a loaded package between its predicts; against the torch module's buffers."""

import shutil
from collections.abc import Callable
from pathlib import Path

import coremltools as ct
import numpy as np
import pytest
import torch
from coremltools.proto import Model_pb2
from torch import Tensor, nn

from devsim.core.errors import BadFileError, BadInputError
from devsim.runtime.reference import ReferenceRuntime

pytestmark = pytest.mark.filterwarnings("ignore")  # of the tracer and of coremltools

SPEC = "Data/com.apple.CoreML/model.mlmodel"
SHAPE = (2, 3)


class Memory(nn.Module):
    """Adds its input to one buffer and counts in another."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("total", torch.zeros(SHAPE, dtype=torch.float16))
        self.register_buffer("turns", torch.zeros(1, dtype=torch.float16))

    def forward(self, x: Tensor) -> Tensor:
        before = self.total * 2
        self.total.add_(x)
        self.turns.add_(1)
        return torch.cat((before, self.total, self.turns.expand(1, 3)))


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("states") / "states.mlpackage"
    half = np.float16
    ct.convert(
        torch.jit.trace(Memory().eval(), torch.zeros(SHAPE, dtype=torch.float16)),
        inputs=[ct.TensorType("x", SHAPE, half)],
        outputs=[ct.TensorType("y", dtype=half)],
        states=[
            ct.StateType(wrapped_type=ct.TensorType(shape=SHAPE, dtype=half), name="total"),
            ct.StateType(wrapped_type=ct.TensorType(shape=(1,), dtype=half), name="turns"),
        ],
        minimum_deployment_target=ct.target.iOS18,
        skip_model_load=True,
    ).save(str(path))
    return path


def _given(turn: int) -> np.ndarray:
    return (np.arange(6).reshape(SHAPE) * turn).astype(np.float16)


def test_states_last_from_predict_to_predict(package: Path) -> None:
    module = Memory().eval()
    loaded = ReferenceRuntime().load(package)
    assert [port.name for port in loaded.inputs] == ["x"]
    for turn in range(4):
        with torch.no_grad():
            truth = module(torch.from_numpy(_given(turn)))
        assert loaded.predict({"x": _given(turn)})["y"].tolist() == truth.tolist()


def test_every_load_and_every_reset_starts_from_zero(package: Path) -> None:
    runtime = ReferenceRuntime()
    loaded = runtime.load(package)
    first = loaded.predict({"x": _given(1)})["y"]
    other = runtime.load(package)
    assert loaded.predict({"x": _given(1)})["y"].tolist() != first.tolist()
    assert other.predict({"x": _given(1)})["y"].tolist() == first.tolist()
    loaded.reset_states()
    assert loaded.predict({"x": _given(1)})["y"].tolist() == first.tolist()


def test_what_a_predict_gave_is_not_the_state(package: Path) -> None:
    loaded, twin = ReferenceRuntime().load(package), ReferenceRuntime().load(package)
    given = _given(1)
    loaded.predict({"x": given})["y"][:] = 100
    given[:] = 100
    twin.predict({"x": _given(1)})
    second = [each.predict({"x": _given(2)})["y"].tolist() for each in (loaded, twin)]
    assert second[0] == second[1]


def test_states_count_as_resident_and_go_with_the_package(package: Path) -> None:
    for weights in ("read", "mapped"):
        loaded = ReferenceRuntime(weights=weights).load(package)
        assert loaded.resident_bytes == 14
        loaded.unload()
        assert loaded.resident_bytes == 0
        loaded.reset_states()
        assert loaded.resident_bytes == 0
        with pytest.raises(BadInputError, match="unloaded"):
            loaded.predict({"x": _given(0)})


def _edited(package: Path, folder: Path, edit: Callable[[object], object]) -> Path:
    copy = shutil.copytree(package, folder / "hostile.mlpackage")
    model = Model_pb2.Model.FromString((copy / SPEC).read_bytes())
    edit(model.mlProgram.functions["main"])
    (copy / SPEC).write_bytes(model.SerializeToString())
    return copy


def _operations(function: object) -> object:
    return function.block_specializations[function.opset].operations


def test_a_failed_predict_leaves_the_states(package: Path, tmp_path: Path) -> None:
    def break_a_late_one(function: object) -> None:
        computing = [each for each in _operations(function) if each.type != "const"]
        assert computing[-1].type == "concat"
        computing[-2].outputs[0].type.tensorType.dimensions[0].constant.size = 9

    loaded = ReferenceRuntime().load(_edited(package, tmp_path, break_a_late_one))
    before = {slot: value.clone() for slot, value in loaded._states.items()}
    with pytest.raises(BadFileError, match="declared"):
        loaded.predict({"x": _given(3)})
    assert all(torch.equal(value, loaded._states[slot]) for slot, value in before.items())


@pytest.mark.parametrize(
    ("edit", "because"),
    [
        (
            lambda f: f.inputs[1].type.stateType.wrappedType.tensorType.dimensions[0]
            .constant.__setattr__("size", 2**40),
            "beyond memory",
        ),
        (
            lambda f: f.inputs[1].type.stateType.wrappedType.tensorType.dimensions[0]
            .constant.__setattr__("size", 7),
            "read_state.*declared",
        ),
        (
            lambda f: next(o for o in _operations(f) if o.type == "write_state")
            .inputs["data"].arguments[0].__setattr__("name", "x"),
            None,
        ),
        (
            lambda f: next(o for o in _operations(f) if o.type == "write_state")
            .inputs["data"].arguments[0].__setattr__("name", f.inputs[2].name),
            "write_state.*cannot be computed",
        ),
        (
            lambda f: next(o for o in _operations(f) if o.type == "read_state")
            .inputs["input"].arguments[0].__setattr__("name", "x"),
            "read_state.*cannot be computed",
        ),
        (
            lambda f: f.block_specializations[f.opset].outputs.__setitem__(0, f.inputs[1].name),
            "output 'total', which the model's description does not have",
        ),
    ],
)  # fmt: skip
def test_states_that_lie(package: Path, tmp_path: Path, edit: object, because: str | None) -> None:
    copy = _edited(package, tmp_path, edit)
    if because is None:  # another value of the same type is no lie
        ReferenceRuntime().load(copy).predict({"x": _given(1)})
        return
    with pytest.raises(Exception, match=because) as caught:
        ReferenceRuntime().load(copy).predict({"x": _given(1)})
    assert "hostile.mlpackage" in str(caught.value)
