"""Splits of what is not one plain program: pipelines, and models that take pictures."""

import coremltools as ct
import numpy as np
import pytest
import torch
from mil_models import mb, packages_of, run, run_blocks, save

from devsim.convert.mil.alone import as_folder
from devsim.convert.mil.split import After, Everywhere, IntoBlocks, split_package
from devsim.core.errors import BadFileError, BadInputError
from devsim.core.manifest import MANIFEST_NAME, Manifest
from devsim.runtime.reference import ReferenceRuntime

RNG = np.random.default_rng(3)
X = RNG.standard_normal((2, 8)).astype(np.float32)
WEIGHTS = [RNG.standard_normal((8, 8)).astype(np.float32) for _ in range(3)]


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    """Three models; the last takes what the first gives as well."""
    folder = tmp_path_factory.mktemp("pipeline")
    builds = [
        (lambda x: mb.linear(x=x, weight=WEIGHTS[0], name="a"), {"x": X}),
        (lambda a: mb.linear(x=a, weight=WEIGHTS[1], name="b"), {"a": X}),
        (lambda a, b: mb.add(x=a, y=mb.linear(x=b, weight=WEIGHTS[2]), name="c"), {"a": X, "b": X}),
    ]
    models = [
        ct.models.MLModel(str(save(folder / f"{n}.mlpackage", *each)), skip_model_load=True)
        for n, each in enumerate(builds)
    ]
    path = folder / "three.mlpackage"
    ct.utils.make_pipeline(*models).save(str(path))
    return path


@pytest.mark.parametrize("where", [IntoBlocks(3), Everywhere()])
def test_the_models_of_a_pipeline_are_its_blocks(pipeline, tmp_path, where):
    split = split_package(pipeline, tmp_path / "blocks", where)
    a = X @ WEIGHTS[0].T
    truth = a + a @ WEIGHTS[1].T @ WEIGHTS[2].T
    computed = run_blocks(tmp_path / "blocks", {"x": X})
    np.testing.assert_allclose(computed["c"], truth, rtol=1e-4, atol=1e-4)
    assert computed["c"].tobytes() == run(pipeline, {"x": X})["c"].tobytes()
    assert [[each.name for each in cut.boundary] for cut in split.cuts] == [["a"], ["a", "b"]]
    assert [cut.boundary_bytes for cut in split.cuts] == [X.nbytes, 2 * X.nbytes]
    size = WEIGHTS[0].nbytes
    assert [cut.weight_bytes for cut in split.cuts] == [(size, 2 * size), (2 * size, size)]
    assert (split.weight_bytes, split.duplicated_bytes) == (3 * size, 0)
    assert Manifest.read(tmp_path / "blocks" / MANIFEST_NAME).shape == "x 2x8"


def test_what_a_pipeline_cannot_be_cut_into(pipeline, tmp_path):
    for where in (IntoBlocks(2), IntoBlocks(4), After(("a",))):
        with pytest.raises(BadInputError, match=r"pipeline of 3 models.*ask for --blocks 3"):
            split_package(pipeline, tmp_path / "blocks", where)
    with pytest.raises(BadInputError, match="has no functions; leave out --function"):
        split_package(pipeline, tmp_path / "blocks", IntoBlocks(3), function="main")
    assert not list(tmp_path.iterdir())


def test_blocks_of_a_model_with_pictures_pass_planes(tmp_path):
    class Bright(torch.nn.Module):
        def forward(self, x):
            return torch.tanh(x * 0.01) * 100 + 50

    shape = (1, 3, 4, 6)
    package = tmp_path / "bright.mlpackage"
    ct.convert(
        torch.jit.trace(Bright().eval(), torch.zeros(shape)),
        inputs=[ct.ImageType("x", shape, color_layout=ct.colorlayout.BGR)],
        outputs=[ct.ImageType("y", color_layout=ct.colorlayout.BGR)],
        minimum_deployment_target=ct.target.iOS17,
        compute_precision=ct.precision.FLOAT32,
        skip_model_load=True,
    ).save(str(package))
    pixels = RNG.integers(0, 256, (4, 6, 3), dtype=np.uint8)
    planes = np.ascontiguousarray(pixels[..., ::-1].transpose(2, 0, 1)[None], np.float32)
    split_package(package, tmp_path / "blocks", IntoBlocks(2))
    first, _ = packages_of(tmp_path / "blocks")
    (spec,) = ReferenceRuntime().load(first).inputs
    assert (spec.shape, spec.dtype, spec.color) == (shape, "float32", None)
    blocks = run_blocks(tmp_path / "blocks", {"x": planes})["y"]
    whole = run(package, {"x": pixels})["y"]
    np.testing.assert_array_equal(np.rint(blocks[0, ::-1].transpose(1, 2, 0)), whole)


def test_a_package_as_a_folder_for_the_while(pipeline, tmp_path):
    with as_folder(pipeline, tmp_path / "profile.json") as folder:
        assert len(packages_of(folder)) == 3
    assert not list(tmp_path.iterdir())
    with as_folder(tmp_path, tmp_path / "profile.json") as folder:
        assert folder == tmp_path
    (tmp_path / "x.mlmodelc").mkdir()
    (tmp_path / "x.mlmodelc" / "model.mil").write_text("program(1.0)")
    with (
        pytest.raises(BadFileError, match="is a compiled model"),
        as_folder(tmp_path / "x.mlmodelc", tmp_path / "profile.json"),
    ):
        pass
