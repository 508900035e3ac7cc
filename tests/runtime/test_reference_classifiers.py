"""Classifiers: the label and the probabilities of ``classify``, and inputs with defaults."""

from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from devsim.core.errors import BadFileError
from devsim.runtime.coreml.features import from_coreml
from devsim.runtime.coreml.interface import read_interfaces
from devsim.runtime.reference import ReferenceRuntime

pytestmark = pytest.mark.filterwarnings("ignore")  # of the tracer and of coremltools


def _classifier(path: Path, labels: list[Any]) -> Path:
    ct.convert(
        torch.jit.trace(nn.Softmax(-1).eval(), torch.rand(1, 3)),
        inputs=[ct.TensorType("x", (1, 3))],
        classifier_config=ct.ClassifierConfig(labels),
        minimum_deployment_target=ct.target.iOS17,
        compute_precision=ct.precision.FLOAT32,
        skip_model_load=True,
    ).save(str(path))
    return path


@pytest.mark.parametrize(
    ("labels", "dtype"), [(["cat", "dog", "ein Tier"], "str"), ([7, -8, 2**40], "int64")]
)
def test_the_label_and_the_probabilities(tmp_path: Path, labels: list[Any], dtype: str) -> None:
    package = _classifier(tmp_path / "some.mlpackage", labels)
    loaded = ReferenceRuntime().load(package)
    label, probabilities = loaded.outputs
    assert (label.name, label.shape, label.dtype) == ("classLabel", (), dtype)
    assert (probabilities.name, probabilities.classes) == ("classLabel_probs", tuple(labels))
    for likeliest in range(3):
        x = np.zeros((1, 3), np.float32)
        x[0, likeliest] = 2
        outputs = loaded.predict({"x": x})
        assert outputs["classLabel"].item() == labels[likeliest]
        truth = torch.softmax(torch.from_numpy(x), -1)[0].numpy()
        np.testing.assert_allclose(outputs["classLabel_probs"], truth, rtol=1e-6)


def test_the_core_ml_runtime_describes_the_same_and_orders_what_it_gets(tmp_path: Path) -> None:
    package = _classifier(tmp_path / "some.mlpackage", ["b", "a", "c"])
    interface = read_interfaces(package).of(package, None)
    label, probabilities = interface.outputs
    assert interface.outputs == ReferenceRuntime().load(package).outputs
    assert from_coreml("a", label).item() == "a"
    given = {"a": 0.5, "b": 0.2, "c": 0.3}
    assert from_coreml(given, probabilities).tolist() == np.float32([0.2, 0.5, 0.3]).tolist()


def test_classes_that_are_not_as_many(tmp_path: Path) -> None:
    from coremltools.proto import Model_pb2

    package = _classifier(tmp_path / "some.mlpackage", ["a", "b", "c"])
    path = package / "Data/com.apple.CoreML/model.mlmodel"
    model = Model_pb2.Model.FromString(path.read_bytes())
    (block,) = model.mlProgram.functions["main"].block_specializations.values()
    classify = next(each for each in block.operations if each.type == "classify")
    classify.inputs["classes"].arguments[0].value.immediateValue.list.values.pop()
    path.write_bytes(model.SerializeToString())
    with pytest.raises(BadFileError, match=r"some.mlpackage: .*3 probabilities of 2 classes"):
        ReferenceRuntime().load(package).predict({"x": np.zeros((1, 3), np.float32)})


class Embedded(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(3, 5)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.table(x) + y


@pytest.mark.parametrize("default", [3.0, 0.0])
def test_an_optional_input_of_a_package(tmp_path: Path, default: float) -> None:
    module = Embedded().eval()
    path = tmp_path / "optional.mlpackage"
    ct.convert(
        torch.jit.trace(module, (torch.tensor([0, 2]), torch.rand(1))),
        inputs=[
            ct.TensorType("x", (ct.RangeDim(1, 2),), np.int64),
            ct.TensorType("y", (1,), default_value=np.float32([default])),
        ],
        compute_precision=ct.precision.FLOAT32,
        skip_model_load=True,
    ).save(str(path))
    loaded = ReferenceRuntime().load(path)
    assert [spec.default for spec in loaded.inputs] == [None, default]
    assert read_interfaces(path).of(path, None).inputs[1].default == default
    x = torch.tensor([2, 1])
    for y in ([default], [7.0]):
        given = {"x": x.numpy()} | ({} if y == [default] else {"y": np.float32(y)})
        (result,) = loaded.predict(given).values()
        with torch.no_grad():
            np.testing.assert_allclose(result, module(x, torch.tensor(y)).numpy(), rtol=1e-6)
