import coremltools as ct
import pytest
import torch

from devsim.convert import convert_workload
from devsim.core.files import package_digest
from devsim.runtime.reference import ReferenceRuntime
from devsim.workloads import find
from devsim.workloads.pipeline import Options

LATENT = (2, 4, 6)


def pipeline(size="tiny", latent=LATENT):
    options = Options(size=size, shape=latent, depth=1, stages=("stdit",))
    return find("open-sora-v1.2").pipeline(options)


@pytest.fixture(scope="module", params=["fp32", "fp16"])
def converted(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    return folder, convert_workload(pipeline(), folder, precisions=[request.param])


def inputs(block):
    noise = torch.Generator().manual_seed(3)
    tensors = {port.tensor: torch.randn(port.shape, generator=noise) for port in block.inputs}
    if "t" in tensors:
        tensors |= {"t": torch.tensor([933.3, 421.7]), "fps": torch.tensor([24.0])}
    if "mask" in tensors:
        tensors["mask"] = (tensors["mask"] > 0).float()
    return tensors


def test_packages_have_the_ports_of_the_manifest(converted):
    folder, manifest = converted
    for block in manifest.stages[0].blocks:
        spec = ct.models.utils.load_spec(str(folder / block.package))
        assert spec.specificationVersion == 8, "iOS 17"
        for ports, features in (
            (block.inputs, spec.description.input),
            (block.outputs, spec.description.output),
        ):
            found = {
                feature.name: (
                    tuple(feature.type.multiArrayType.shape),
                    feature.type.multiArrayType.dataType,
                )
                for feature in features
            }
            float32 = ct.proto.FeatureTypes_pb2.ArrayFeatureType.FLOAT32
            assert found == {port.name: (port.shape, float32) for port in ports}
        assert package_digest(folder / block.package) == block.digest, "opening changed it"


def test_the_manifest_tells_what_was_converted(converted):
    folder, manifest = converted
    assert (manifest.workload, manifest.size) == ("open-sora-v1.2", "tiny")
    assert (manifest.shape, manifest.weights) == ("latent 2x4x6", "random seed 0")
    (stage,) = manifest.stages
    assert (stage.name, stage.iterations) == ("stdit", 30)
    for block, source in zip(stage.blocks, pipeline().stages[0].blocks, strict=True):
        assert (block.name, block.inputs, block.outputs) == (
            source.name,
            source.inputs,
            source.outputs,
        )
        assert block.digest == package_digest(folder / block.package)
        (weights,) = (folder / block.package).rglob("weight.bin")
        assert block.weight_bytes == weights.stat().st_size


def test_packages_compute_what_torch_does(converted):
    folder, manifest = converted
    tolerance = {"fp32": 1e-5, "fp16": 4e-3}[manifest.stages[0].precision]
    runtime = ReferenceRuntime()
    for block, source in zip(manifest.stages[0].blocks, pipeline().stages[0].blocks, strict=True):
        tensors = inputs(block)
        expected = source.build()(*(tensors[port.tensor] for port in block.inputs))
        expected = expected if isinstance(expected, tuple) else (expected,)
        loaded = runtime.load(folder / block.package)
        found = loaded.predict({p.name: tensors[p.tensor].numpy() for p in block.inputs})
        for port, value in zip(block.outputs, expected, strict=True):
            error = torch.from_numpy(found[port.name]) - value
            assert error.square().mean().sqrt() < tolerance * value.std(), (block.name, port.name)


def test_flops_of_a_pair_are_those_counted_by_hand(converted):
    _, manifest = converted
    width, frames, patches, captions, batch = 64, 2, 2 * 3, 300, 2
    tokens = batch * frames * patches
    products = tokens * 14 * width**2 + batch * captions * 2 * width**2
    cross = 2 * tokens * captions * width
    spatial, temporal = 2 * tokens * patches * width, 2 * tokens * frames * width
    assert manifest.stages[0].blocks[1].flops == 2 * (2 * (products + cross) + spatial + temporal)


def test_fp16_halves_the_weights(converted):
    _, manifest = converted
    size = {"fp32": 4, "fp16": 2}[manifest.stages[0].precision]
    pair = manifest.stages[0].blocks[1]
    assert pair.weight_bytes == pytest.approx(size * pair.parameters, rel=0.05)


@pytest.mark.full_width
def test_a_full_width_pair_is_the_apps_170_megabytes(tmp_path):
    source = pipeline("full", (2, 2, 2))
    pair = source.stages[0].blocks[1]
    only = type(source)("w", "full", "s", "r", (type(source.stages[0])("stdit", 1, (pair,)),))
    (block,) = convert_workload(only, tmp_path).stages[0].blocks
    assert block.parameters == pytest.approx(42.5e6, rel=0.001)
    assert block.weight_bytes == pytest.approx(170_000_000, rel=0.01)
