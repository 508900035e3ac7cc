"""Packages that lie: every one ends as one line that names it, never as a crash."""

import json
import os
import shutil
import struct
import weakref
from collections.abc import Callable
from pathlib import Path

import mil_packages
import numpy as np
import pytest
from coremltools.proto import Model_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mil_packages import mb

from devsim.core.errors import BadFileError, DevsimError, UnsupportedOperationError
from devsim.runtime.reference import ReferenceRuntime

SPEC = "Data/com.apple.CoreML/model.mlmodel"
WEIGHTS = "Data/com.apple.CoreML/weights/weight.bin"
INPUT = np.random.default_rng(5).standard_normal((2, 3, 8)).astype(np.float32)


def _block(x: object) -> tuple[object, object]:
    """A little of everything: weights, attention, a pad, a tile, a computed shape."""
    weight = np.random.default_rng(6).standard_normal((8, 8)).astype(np.float32)
    y = mb.linear(x=x, weight=weight, bias=weight[0])
    y = mb.layer_norm(x=y, axes=[-1], gamma=np.linspace(1, 2, 10)[:8].astype(np.float32))
    y = mb.matmul(x=mb.softmax(x=mb.matmul(x=y, y=x, transpose_y=True), axis=-1), y=x)
    y = mb.pad(x=mb.tile(x=y, reps=[1, 2, 1]), pad=[1, 1], mode="constant", constant_val=0.0)
    y = mb.slice_by_index(x=y, begin=[0, 1, 0], end=[2, 5, 9], stride=[1, 2, 1])
    flat = mb.slice_by_index(x=mb.shape(x=y), begin=[0], end=[1])
    y = mb.reshape(x=y, shape=mb.concat(values=[flat, [-1]], axis=0))
    first, second = mb.split(x=mb.gelu(x=y, mode="EXACT"), num_splits=2, axis=1)
    return mb.add(x=first, y=second, name="sum"), mb.reduce_sum(x=y, axes=[1], name="total")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mil_packages.save(tmp_path_factory.mktemp("sound"), _block, {"x": INPUT})


@pytest.fixture
def package(sound: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sound, tmp_path / "hostile.mlpackage")


def _refused(package: Path, because: str, error: type[DevsimError] = BadFileError) -> None:
    with pytest.raises(error, match=because) as caught:
        ReferenceRuntime().load(package).predict({"x": INPUT})
    assert "hostile.mlpackage" in str(caught.value)
    assert "\n" not in str(caught.value)


def _edit_spec(package: Path, edit: Callable[[Model_pb2.Model], object]) -> None:
    path = package / SPEC
    model = Model_pb2.Model.FromString(path.read_bytes())
    edit(model)
    path.write_bytes(model.SerializeToString())


def _block_of(model: Model_pb2.Model) -> object:
    function = model.mlProgram.functions["main"]
    return function.block_specializations[function.opset]


def _operation(model: Model_pb2.Model, kind: str) -> object:
    return next(each for each in _block_of(model).operations if each.type == kind)


def _weight(model: Model_pb2.Model) -> object:
    values = [
        each.attributes["val"] for each in _block_of(model).operations if each.type == "const"
    ]
    return next(each for each in values if each.WhichOneof("value") == "blobFileValue")


def _edit_weights(package: Path, at: int, data: bytes) -> None:
    path = package / WEIGHTS
    whole = bytearray(path.read_bytes())
    whole[at : at + len(data)] = data
    path.write_bytes(whole)


def test_the_sound_one_runs(sound: Path) -> None:
    outputs = ReferenceRuntime().load(sound).predict({"x": INPUT})
    for actual, truth in zip(
        outputs.values(), mil_packages.evaluate(_block, {"x": INPUT}), strict=True
    ):
        np.testing.assert_allclose(actual, truth, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("at", "data", "because"),
    [
        (64, b"\0\0\0\0", "no record at 64"),
        (68, struct.pack("<I", 1), "stored as type 1, declared fp32"),
        (68, struct.pack("<I", 99), "stored as type 99"),
        (72, struct.pack("<Q", 2**63), "bytes stored where its type needs 256"),
        (80, struct.pack("<Q", 2**40), "is outside the file"),
        (80, struct.pack("<Q", 2**64 - 8), "is outside the file"),
        (80, struct.pack("<Q", 130), "misplaced"),
        (4, struct.pack("<I", 1), "version 1"),
    ],
)
def test_weight_records_that_lie(package: Path, at: int, data: bytes, because: str) -> None:
    _edit_weights(package, at, data)
    _refused(package, because)


@pytest.mark.parametrize("length", [0, 10, 64, 100, 200])
def test_truncated_weights(package: Path, length: int) -> None:
    path = package / WEIGHTS
    path.write_bytes(path.read_bytes()[:length])
    _refused(package, "weight.bin")


def test_weights_that_vanish_between_loads(package: Path) -> None:
    runtime = ReferenceRuntime()
    runtime.load(package).unload()
    (package / WEIGHTS).unlink()
    with pytest.raises(BadFileError, match=r"weight\.bin"):
        runtime.load(package)


def test_weights_that_change_between_loads(package: Path) -> None:
    runtime = ReferenceRuntime()
    runtime.load(package).unload()
    _edit_spec(package, lambda m: setattr(_operation(m, "softmax"), "type", "relax"))
    with pytest.raises(UnsupportedOperationError, match="relax"):
        runtime.load(package)


@pytest.mark.parametrize("offset", [0, 2**20, 2**64 - 1])
def test_a_record_outside_the_file(package: Path, offset: int) -> None:
    _edit_spec(package, lambda m: setattr(_weight(m).blobFileValue, "offset", offset))
    _refused(package, "is outside the file|no record")


@pytest.mark.parametrize(
    "name",
    [
        "@model_path/../../../../../etc/passwd",
        "/etc/passwd",
        "@model_path//etc/passwd",
        "@model_path/\0",
        "\0",
        "a\nb",
        "",
    ],
)
def test_weights_outside_the_package(package: Path, name: str) -> None:
    _edit_spec(package, lambda m: setattr(_weight(m).blobFileValue, "fileName", name))
    _refused(package, "leads outside of it|weights are in|is not a path")


def test_a_link_out_of_the_package(package: Path, tmp_path: Path) -> None:
    path = package / WEIGHTS
    path.rename(tmp_path / "elsewhere.bin")
    path.symlink_to(tmp_path / "elsewhere.bin")
    _refused(package, "leads outside of it")


def test_an_absurd_weight(package: Path) -> None:
    def edit(model: Model_pb2.Model) -> None:
        for declared in (_weight(model).type, _operation(model, "const").outputs[0].type):
            declared.tensorType.dimensions[0].constant.size = 2**60

    _edit_spec(package, edit)
    _refused(package, "beyond memory|another type")


def test_an_absurd_result(package: Path) -> None:
    def edit(model: Model_pb2.Model) -> None:
        constant = next(o for o in _block_of(model).operations if "reps" in o.outputs[0].name)
        constant.attributes["val"].immediateValue.tensor.ints.values[0] = 2**30

    _edit_spec(package, edit)
    _refused(package, "more than the declared result")


def test_a_result_of_another_shape(package: Path) -> None:
    def edit(model: Model_pb2.Model) -> None:
        _operation(model, "softmax").outputs[0].type.tensorType.dimensions[1].constant.size = 7

    _edit_spec(package, edit)
    _refused(package, r"softmax.* gives shape \(2, 3, 3\), declared")


def test_a_constant_that_lies_about_its_size(package: Path) -> None:
    def edit(model: Model_pb2.Model) -> None:
        constant = next(o for o in _block_of(model).operations if "begin" in o.outputs[0].name)
        del constant.attributes["val"].immediateValue.tensor.ints.values[1:]

    _edit_spec(package, edit)
    _refused(package, "1 ints where its type needs")


def test_a_missing_argument(package: Path) -> None:
    _edit_spec(package, lambda m: _operation(m, "linear").inputs.pop("x"))
    _refused(package, "linear.* lacks 'x'")


def test_a_name_nothing_defines(package: Path) -> None:
    def edit(model: Model_pb2.Model) -> None:
        _operation(model, "linear").inputs["x"].arguments[0].name = "ghost"

    _edit_spec(package, edit)
    _refused(package, "uses 'ghost', which nothing defines")


def test_an_unknown_operation_is_named_at_load(package: Path) -> None:
    _edit_spec(package, lambda m: setattr(_operation(m, "gelu"), "type", "teleport"))
    with pytest.raises(UnsupportedOperationError, match=r"hostile\.mlpackage.*\(teleport\)"):
        ReferenceRuntime().load(package)


def test_an_unknown_parameter_is_named_at_load(package: Path) -> None:
    def edit(model: Model_pb2.Model) -> None:
        inputs = _operation(model, "gelu").inputs
        inputs["speed"].CopyFrom(inputs["mode"])

    _edit_spec(package, edit)
    _refused(package, "parameter 'speed'", UnsupportedOperationError)


def test_a_model_of_another_kind(package: Path) -> None:
    _edit_spec(package, lambda m: m.neuralNetwork.SetInParent())
    _refused(package, "not an ML program")


@pytest.mark.parametrize("data", [b"", b"\xff" * 64, b"not a protobuf at all"])
def test_a_spec_of_garbage(package: Path, data: bytes) -> None:
    (package / SPEC).write_bytes(data)
    _refused(package, "ML program|Core ML model")


@pytest.mark.parametrize("name", ["Manifest.json", SPEC, WEIGHTS])
def test_a_missing_file(package: Path, name: str) -> None:
    (package / name).unlink()
    _refused(package, Path(name).name.replace(".", r"\."))


@pytest.mark.parametrize("name", ["Manifest.json", SPEC, WEIGHTS])
def test_a_pipe_instead_of_a_file(package: Path, name: str) -> None:
    (package / name).unlink()
    os.mkfifo(package / name)
    _refused(package, "is a pipe, not a file")


@pytest.mark.parametrize("name", ["Manifest.json", SPEC, WEIGHTS])
def test_a_file_of_absurd_size(package: Path, name: str) -> None:
    os.truncate(package / name, 1 << 42)
    _refused(package, "almost all holes")


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"[]",
        b"{}",
        b'{"rootModelIdentifier": "a", "itemInfoEntries": {"a": {"path": 3}}}',
        b'{"rootModelIdentifier": "a", "itemInfoEntries": {"b": {}}}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_a_manifest_of_garbage(package: Path, manifest: bytes) -> None:
    (package / "Manifest.json").write_bytes(manifest)
    _refused(package, r"Manifest\.json")


def test_a_manifest_that_leaves_the_package(package: Path) -> None:
    path = package / "Manifest.json"
    manifest = json.loads(path.read_text())
    manifest["itemInfoEntries"][manifest["rootModelIdentifier"]]["path"] = "../../../spec"
    path.write_text(json.dumps(manifest))
    _refused(package, "leads outside of it")


def test_a_file_instead_of_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "hostile.mlpackage"
    path.write_bytes(b"")
    _refused(path, "is a file")


@pytest.fixture(scope="module")
def victim(sound: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(sound, tmp_path_factory.mktemp("fuzz") / "hostile.mlpackage")


@pytest.mark.parametrize("name", ["Manifest.json", SPEC, WEIGHTS])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_damage_ends_in_an_error_or_a_result(
    sound: Path, victim: Path, name: str, data: st.DataObject
) -> None:
    whole = bytearray((sound / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(whole) - 1))
        cut = data.draw(st.integers(0, 3))
        whole[at : at + cut] = data.draw(st.binary(max_size=4))
    try:
        (victim / name).write_bytes(whole)
        loaded = ReferenceRuntime().load(victim)
        with np.errstate(all="ignore"):
            outputs = loaded.predict({port.name: INPUT for port in loaded.inputs})
        assert outputs.keys() == {port.name for port in loaded.outputs}
        for port in loaded.outputs:  # damage can leave a dimension open: -1
            shape = outputs[port.name].shape
            assert [d for d in zip(port.shape, shape, strict=True) if d[0] not in (-1, d[1])] == []
    except DevsimError as error:
        problems = str(error).splitlines()
        assert len(problems) == 1
    finally:
        (victim / name).write_bytes((sound / name).read_bytes())


def test_an_error_keeps_no_weights_alive(package: Path) -> None:
    def edit(model: Model_pb2.Model) -> None:
        _operation(model, "softmax").outputs[0].type.tensorType.dimensions[1].constant.size = 7

    _edit_spec(package, edit)
    loaded = ReferenceRuntime().load(package)
    weights = weakref.ref(next(iter(loaded._buffers.values())))
    with pytest.raises(BadFileError) as caught:
        loaded.predict({"x": INPUT})
    loaded.unload()
    assert weights() is None, f"held while the error is: {caught.value}"
