"""Pipelines: several models in one package, as coremltools' ``make_pipeline`` writes them."""

import shutil
from pathlib import Path
from typing import Any

import coremltools as ct
import mil_packages
import numpy as np
import pytest
from coremltools.proto import Model_pb2
from mil_packages import mb

from devsim.core.errors import BadFileError, BadInputError
from devsim.runtime.coreml.interface import read_interfaces
from devsim.runtime.reference import ReferenceRuntime

SPEC = "Data/com.apple.CoreML/model.mlmodel"
RNG = np.random.default_rng(2)
FIRST, SECOND = (RNG.standard_normal((8, 8)).astype(np.float32) for _ in range(2))
X = RNG.standard_normal((2, 8)).astype(np.float32)


def _member(
    folder: Path, name: str, build: Any, inputs: dict[str, np.ndarray]
) -> ct.models.MLModel:
    return ct.models.MLModel(
        str(mil_packages.save(folder, build, inputs, name=name)), skip_model_load=True
    )


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``mid = FIRST x``, ``side = -mid``; ``out = SECOND mid + side + extra``."""
    folder = tmp_path_factory.mktemp("pipeline")

    def first(x: Any) -> Any:
        mid = mb.linear(x=x, weight=FIRST, name="mid")
        return mid, mb.mul(x=mid, y=-1.0, name="side")

    def second(mid: Any, side: Any, extra: Any) -> Any:
        return mb.add(x=mb.add(x=mb.linear(x=mid, weight=SECOND), y=side), y=extra, name="out")

    models = (
        _member(folder, "first", first, {"x": X}),
        _member(folder, "second", second, {"mid": X, "side": X, "extra": X}),
    )
    path = folder / "both.mlpackage"
    ct.utils.make_pipeline(*models).save(str(path))
    return path


def test_the_models_run_one_after_another(pipeline: Path) -> None:
    loaded = ReferenceRuntime().load(pipeline)
    assert [spec.name for spec in loaded.inputs] == ["x", "extra"]
    assert [spec.name for spec in loaded.outputs] == ["out"]
    assert loaded.resident_bytes >= FIRST.nbytes + SECOND.nbytes
    mid = X @ FIRST.T
    outputs = loaded.predict({"x": X, "extra": np.full_like(X, 5)})
    assert list(outputs) == ["out"]
    np.testing.assert_allclose(outputs["out"], mid @ SECOND.T - mid + 5, rtol=1e-4, atol=1e-4)
    with pytest.raises(BadInputError, match=r"both.mlpackage: 'extra' is missing"):
        loaded.predict({"x": X})
    loaded.unload()
    with pytest.raises(BadInputError, match="is unloaded"):
        loaded.predict({"x": X, "extra": X})


def test_a_pipeline_is_cached_and_forgotten_as_one(pipeline: Path) -> None:
    runtime = ReferenceRuntime(weights="mapped")
    loads = [runtime.load(pipeline) for _ in range(2)]
    given = {"x": X, "extra": X}
    first, second = (loaded.predict(given)["out"] for loaded in loads)
    assert first.tobytes() == second.tobytes()
    assert len(runtime._compiled) == 1
    runtime.forget(pipeline)
    assert not runtime._compiled


def test_the_core_ml_runtime_describes_a_pipeline(pipeline: Path) -> None:
    interface = read_interfaces(pipeline).of(pipeline, None)
    loaded = ReferenceRuntime().load(pipeline)
    assert (interface.inputs, interface.outputs) == (loaded.inputs, loaded.outputs)


def test_a_pipeline_has_no_functions(pipeline: Path) -> None:
    with pytest.raises(BadInputError, match="is a pipeline, which has no functions"):
        ReferenceRuntime().load(pipeline, "main")


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda m: m.description.input.pop(), "model 1 of the pipeline takes 'extra'"),
        (lambda m: m.pipeline.models.reverse(), "model 0 of the pipeline takes 'mid'"),
        (lambda m: m.description.input.add(name="more"), "no model of the pipeline has 'more'"),
        (lambda m: m.description.output.add(name="more"), "no model of the pipeline has 'more'"),
        (lambda m: m.pipeline.ClearField("models"), "no model of the pipeline has 'x'"),
        (
            lambda m: m.pipeline.models[1].neuralNetwork.SetInParent(),
            "is a neuralNetwork, not an ML program",
        ),
        (lambda m: m.pipeline.models[1].ClearField("mlProgram"), "is a model of no type"),
        (
            lambda m: m.pipeline.models[1].pipeline.models.add(),
            "is a pipeline of 1 models; take it apart with devsim split",
        ),
    ],
)
def test_pipelines_that_lie(pipeline: Path, tmp_path: Path, edit: Any, said: str) -> None:
    copy = shutil.copytree(pipeline, tmp_path / "hostile.mlpackage")
    model = Model_pb2.Model.FromString((copy / SPEC).read_bytes())
    edit(model)
    (copy / SPEC).write_bytes(model.SerializeToString())
    with pytest.raises(BadFileError, match=f"hostile.mlpackage: {said}"):
        ReferenceRuntime().load(copy)


def test_members_of_other_dtypes(tmp_path: Path) -> None:
    """What one model gives as float16 another may take as float32."""
    half = np.zeros((3,), np.float16)
    models = (
        _member(tmp_path, "half", lambda x: mb.add(x=x, y=x, name="mid"), {"x": half}),
        _member(
            tmp_path,
            "wide",
            lambda mid: mb.mul(x=mid, y=np.float32(0.1), name="out"),
            {"mid": half.astype(np.float32)},
        ),
    )
    path = tmp_path / "both.mlpackage"
    ct.utils.make_pipeline(*models).save(str(path))
    (out,) = ReferenceRuntime().load(path).predict({"x": [1.0, 2.0, 3.0]}).values()
    assert out.tolist() == (np.float32([2, 4, 6]) * np.float32(0.1)).tolist()


def test_a_compiled_model_and_a_model_of_one_file(tmp_path: Path) -> None:
    compiled = tmp_path / "x.mlmodelc"
    compiled.mkdir()
    (compiled / "coremldata.bin").write_bytes(bytes(64))
    (tmp_path / "x.mlmodel").write_bytes(bytes(64))
    for name, said in (
        ("x.mlmodelc", "is a compiled model, .*; give the .mlpackage that it was compiled from"),
        ("x.mlmodel", "is a model of one file"),
    ):
        with pytest.raises(BadFileError, match=f"{name}: {said}"):
            ReferenceRuntime().load(tmp_path / name)
