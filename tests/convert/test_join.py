"""Packages joined into one: the same bits, equal weights once, names kept."""

import hashlib
import shutil
from collections import Counter

import coremltools as ct
import numpy as np
import pytest
from coremltools.converters.mil.frontend.milproto.load import load as load_into_mil
from mil_models import each_stored, mb, packages_of, run, same_bits, save, stage_of, stored

from devsim.convert import convert_workload
from devsim.convert.mil.join import Part, join_packages
from devsim.convert.mil.split import Everywhere, IntoBlocks, split_package
from devsim.core.errors import BadFileError, BadInputError
from devsim.core.manifest import Block, Port
from devsim.workloads import find
from devsim.workloads.pipeline import Options

LAYERS, WIDTH = 40, 24
RNG = np.random.default_rng(0)
X = {"x": RNG.standard_normal((3, WIDTH)).astype(np.float32)}


def weight(*shape):
    return RNG.standard_normal(shape).astype(np.float32) / WIDTH**0.5


def layers(x):
    for number in range(LAYERS):
        x = mb.linear(x=x, weight=weight(WIDTH, WIDTH), bias=weight(WIDTH), name=f"layer_{number}")
        x = mb.tanh(x=x, name=f"tanh_{number}")
    return x


def parts_of(folder):
    blocks = stage_of(folder).blocks
    return [Part(p, b) for p, b in zip(packages_of(folder), blocks, strict=True)]


@pytest.mark.parametrize("where", [IntoBlocks(6), Everywhere()])
def test_what_was_split_is_whole_again(where, tmp_path):
    whole = save(tmp_path / "deep.mlpackage", layers, X)
    split_package(whole, tmp_path / "blocks", where)
    joined = tmp_path / "joined.mlpackage"
    last = f"tanh_{LAYERS - 1}"
    ports = join_packages(parts_of(tmp_path / "blocks"), frozenset([last]), joined)
    assert same_bits(run(whole, X), run(joined, X))
    assert stored(joined) == stored(whole)
    weights = "Data/com.apple.CoreML/weights/weight.bin"
    assert (joined / weights).read_bytes() == (whole / weights).read_bytes()
    assert names_in(joined) == names_in(whole)
    assert [p.name for p in ports.inputs] == ["x"]
    assert [p.name for p in ports.outputs] == [last]


def test_equal_weights_of_two_packages_are_kept_once(tmp_path):
    same = weight(WIDTH, WIDTH)
    parts = []
    for number in range(3):
        package = save(
            tmp_path / f"{number}.mlpackage",
            lambda x: mb.linear(x=x, weight=same, bias=weight(WIDTH), name="y"),
            X,
        )
        parts.append(Part(package, block(f"b{number}", "x", "y")))
    join_packages(parts, frozenset(["h"]), tmp_path / "joined.mlpackage")
    model = ct.models.MLModel(str(tmp_path / "joined.mlpackage"), skip_model_load=True)
    load_into_mil(model.get_spec(), model.get_spec().specificationVersion, model.weights_dir)
    sizes = Counter(map(len, stored(tmp_path / "joined.mlpackage")))
    assert sizes == {same.nbytes: 1, 4 * WIDTH: 3}
    tensors = dict(X)
    for part in parts:
        tensors["x"] = run(part.package, tensors)["y"]
    assert same_bits({"y": tensors["x"]}, run(tmp_path / "joined.mlpackage", X))


def test_names_that_are_taken_get_the_blocks_name(tmp_path):
    def build(x):
        return mb.relu(x=mb.linear(x=x, weight=weight(WIDTH, WIDTH), name="inner"), name="y")

    parts = [
        Part(save(tmp_path / f"{n}.mlpackage", build, X), block(f"st_0{n}", "x", "y"))
        for n in range(2)
    ]
    ports = join_packages(parts, frozenset(["h"]), tmp_path / "joined.mlpackage")
    assert [port.name for port in (*ports.inputs, *ports.outputs)] == ["x", "y"]
    made = set(names_in(tmp_path / "joined.mlpackage"))
    assert {"inner", "st_00_y", "st_01_inner", "y"} <= made
    assert len(made) == len(names_in(tmp_path / "joined.mlpackage"))


def test_a_tensor_that_blocks_update_is_given_as_last_written(tmp_path):
    package = save(tmp_path / "p.mlpackage", lambda x: mb.add(x=x, y=np.float32(1), name="y"), X)
    parts = [Part(package, block(f"b{n}", "x", "y")) for n in range(4)]
    ports = join_packages(parts, frozenset(["h"]), tmp_path / "joined.mlpackage")
    (output,) = ports.outputs
    assert (output.tensor, output.name) == ("h", "y")
    given = run(tmp_path / "joined.mlpackage", X)
    assert given.keys() == {"y"}
    assert np.array_equal(given["y"], X["x"] + 1 + 1 + 1 + 1)


def test_packages_that_do_not_fit_are_refused(tmp_path):
    wide = {"x": np.zeros((3, 2 * WIDTH), np.float32)}
    first = save(tmp_path / "first.mlpackage", lambda x: mb.relu(x=x, name="y"), X)
    other = save(tmp_path / "other.mlpackage", lambda x: mb.relu(x=x, name="y"), wide)
    older = save(tmp_path / "o.mlpackage", lambda x: mb.relu(x=x, name="y"), X, ct.target.iOS15)
    start = Part(first, block("b0", "x", "y"))
    out = tmp_path / "joined.mlpackage"
    with pytest.raises(BadInputError, match=r"other\.mlpackage: takes h of another type or shape"):
        join_packages([start, Part(other, block("b1", "x", "y"))], frozenset("h"), out)
    with pytest.raises(BadInputError, match=r"is of opset CoreML5, the blocks before it of CoreML"):
        join_packages([start, Part(older, block("b1", "x", "y"))], frozenset("h"), out)
    with pytest.raises(BadFileError, match="lacks 'z', which its block has"):
        join_packages([Part(first, block("b0", "z", "y"))], frozenset("h"), out)
    with pytest.raises(BadFileError, match="lacks 'z', which its block has"):
        join_packages([Part(first, block("b0", "x", "z"))], frozenset("h"), out)
    assert not out.exists()


def test_denoiser_blocks_joined_are_the_same_one_after_another(tiny_models, tmp_path):
    joined_is_the_same(tiny_models, stage_of(tiny_models).blocks, tmp_path / "joined.mlpackage")


@pytest.mark.slow
def test_four_full_width_blocks_joined_are_the_four_one_after_another(tmp_path):
    options = Options(size="full", shape=(2, 4, 4), depth=4, stages=("stdit",))
    models = tmp_path / "models"
    convert_workload(find("open-sora-v1.2").pipeline(options), models)
    four = [block for block in stage_of(models).blocks if block.name.startswith("st_")]
    assert len(four) == 4
    assert min(block.weight_bytes for block in four) > 160_000_000
    joined_is_the_same(models, four, tmp_path / "joined.mlpackage")
    shutil.rmtree(tmp_path)


def joined_is_the_same(folder, blocks, joined):
    parts = [Part(folder / block.package, block) for block in blocks]
    written = {port.tensor for block in blocks for port in block.outputs}
    ports = join_packages(parts, frozenset(written), joined)
    tensors = {
        port.tensor: RNG.standard_normal(port.shape).astype(port.dtype) for port in ports.inputs
    }
    results = run(joined, {port.name: tensors[port.tensor] for port in ports.inputs})
    for block in blocks:
        made = run(folder / block.package, {p.name: tensors[p.tensor] for p in block.inputs})
        tensors |= {port.tensor: made[port.name] for port in block.outputs}
    assert {port.tensor for port in ports.outputs} == written
    assert same_bits({port.name: tensors[port.tensor] for port in ports.outputs}, results)
    blobs = {blob for block in blocks for blob in digests(folder / block.package)}
    assert Counter(digests(joined)) == Counter(blobs)


def digests(package):
    """SHA-256 of every stored weight, so that only one of them is in memory."""
    return [hashlib.sha256(blob).hexdigest() for blob in each_stored(package)]


def block(name, taken, made):
    """A block that updates the stage tensor ``h``."""
    shape = (3, WIDTH)
    return Block(
        name=name, package=f"{name}.mlpackage", digest="", weight_bytes=0, parameters=0, flops=0,
        inputs=(Port(name=taken, tensor="h", shape=shape, dtype="float32"),),
        outputs=(Port(name=made, tensor="h", shape=shape, dtype="float32"),),
    )  # fmt: skip


def names_in(package):
    function = ct.utils.load_spec(str(package)).mlProgram.functions["main"]
    operations = function.block_specializations[function.opset].operations
    return [named.name for operation in operations for named in operation.outputs]
