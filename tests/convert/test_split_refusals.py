"""What cannot be cut is refused in one clear line, and nothing is written."""

import shutil

import coremltools as ct
import numpy as np
import pytest
from coremltools.proto import Model_pb2
from mil_models import mb, save

from devsim.convert.mil.split import After, Everywhere, IntoBlocks, split_package
from devsim.core.errors import BadFileError, BadInputError

RNG = np.random.default_rng(0)
X = {"x": RNG.standard_normal((3, 16)).astype(np.float32)}
MODEL = "Data/com.apple.CoreML/model.mlmodel"
WEIGHTS = "Data/com.apple.CoreML/weights/weight.bin"


def small(x):
    x = mb.linear(x=x, weight=RNG.standard_normal((16, 16)).astype(np.float32), name="first")
    return mb.relu(x=x, name="second")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return save(tmp_path_factory.mktemp("small") / "small.mlpackage", small, X)


@pytest.fixture
def package(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "small.mlpackage")


TWO = IntoBlocks(2)


def refused(package, said, where=TWO, **options):
    out = package.parent / "out"
    with pytest.raises(BadInputError) as caught:
        split_package(package, out, where, **options)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not out.exists()
    assert not list(package.parent.glob(".*"))
    return caught.value


def edit(package, change):
    spec = Model_pb2.Model.FromString((package / MODEL).read_bytes())
    change(spec)
    (package / MODEL).write_bytes(spec.SerializeToString())


def main_of(spec):
    function = spec.mlProgram.functions["main"]
    return function.block_specializations[function.opset]


def first_blob(spec):
    return next(
        value.blobFileValue
        for operation in main_of(spec).operations
        for value in operation.attributes.values()
        if value.WhichOneof("value") == "blobFileValue"
    )


def test_more_blocks_than_places(package):
    refused(package, "has 1 legal places, so at most 2 blocks", IntoBlocks(3))


def test_places_that_are_none(package):
    refused(package, "no computed value is called 'third'", After(("third",)))
    refused(package, "there is no legal place after 'second'", After(("second",)))


def test_no_package_at_all(tmp_path):
    refused(tmp_path / "none.mlpackage", "no such package")


def test_a_truncated_model(package):
    path = package / MODEL
    path.write_bytes(path.read_bytes()[:-5])
    assert isinstance(refused(package, "is not a whole Core ML model"), BadFileError)


def test_a_package_without_contents(package):
    (package / "Manifest.json").write_text("{}")
    refused(package, "names no root model")


def test_a_missing_weight_file(package):
    (package / WEIGHTS).unlink()
    refused(package, "weight.bin: no such file")


def test_a_truncated_weight_file(package):
    path = package / WEIGHTS
    path.write_bytes(path.read_bytes()[:200])
    refused(package, "weight 'first_weight_0': its data is cut off")


def test_a_weight_file_of_another_kind(package):
    (package / WEIGHTS).write_bytes(bytes(4096))
    refused(package, "is not blob storage of version 2")


def test_a_record_that_is_none(package):
    edit(package, lambda spec: setattr(first_blob(spec), "offset", 128))
    refused(package, "weight 'first_weight_0': no record at 128")


def test_weights_outside_the_package(package):
    name = "@model_path/../../../../secret.bin"
    edit(package, lambda spec: setattr(first_blob(spec), "fileName", name))
    refused(package, "leads outside of it")


def test_a_value_that_nothing_defines(package):
    def change(spec):
        main_of(spec).operations[-1].inputs["x"].arguments[0].name = "nothing"

    edit(package, change)
    refused(package, "an operation uses 'nothing', which nothing defines")


def test_a_neural_network(package):
    edit(package, lambda spec: spec.neuralNetwork.SetInParent())
    refused(package, "is a neuralNetwork, not an ML program")


def test_an_existing_folder_is_kept(package):
    out = package.parent / "out"
    out.mkdir()
    (out / "precious").write_text("kept")
    for force, said in ((False, "already exists"), (True, "holds something else than packages")):
        with pytest.raises(BadInputError, match=said):
            split_package(package, out, IntoBlocks(2), force=force)
    assert (out / "precious").read_text() == "kept"


def test_a_folder_of_packages_is_replaced_when_asked(package):
    out = package.parent / "out"
    split_package(package, out, IntoBlocks(2))
    split_package(package, out, IntoBlocks(1), force=True)
    assert sorted(path.name for path in (out / "small").iterdir()) == ["block_00.mlpackage"]


def test_a_flexible_input(tmp_path):
    shape = ct.EnumeratedShapes([(1, 16), (3, 16)])

    def change(spec):
        array = spec.description.input[0].type.multiArrayType
        for sizes in shape.shapes:
            array.enumeratedShapes.shapes.add(shape=[int(d) for d in sizes.shape])

    package = save(tmp_path / "flexible.mlpackage", small, X)
    edit(package, change)
    refused(package, "input 'x' has no single shape")


def test_a_state(tmp_path):
    import torch

    class Counting(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("count", torch.zeros(3, 16, dtype=torch.float16))

        def forward(self, x):
            self.count.add_(x)
            return self.count * 2

    traced = torch.jit.trace(Counting(), torch.zeros(3, 16), check_trace=False)
    path = tmp_path / "state.mlpackage"
    ct.convert(
        traced,
        inputs=[ct.TensorType("x", (3, 16))],
        states=[ct.StateType(ct.TensorType(shape=(3, 16), dtype=np.float16), "count")],
        minimum_deployment_target=ct.target.iOS18,
        skip_model_load=True,
    ).save(str(path))
    said = "has state 'count', which is lost when a block is unloaded; convert the model with"
    refused(path, said)
    refused(path, said, where=IntoBlocks(1))
    refused(path, said, where=Everywhere())


def test_of_several_functions_one_is_named(package, whole, tmp_path):
    descriptor = ct.utils.MultiFunctionDescriptor()
    descriptor.add_function(str(whole), "main", "one")
    descriptor.add_function(str(whole), "main", "two")
    descriptor.default_function_name = "one"
    both = tmp_path / "both.mlpackage"
    ct.utils.save_multifunction(descriptor, str(both))
    refused(both, "has 2 functions; name one with --function: one, two")
    refused(both, "has no function 'three'", function="three")
    split = split_package(both, tmp_path / "out", IntoBlocks(2), function="two")
    assert [block.operations for block in split.blocks] == [1, 1]
