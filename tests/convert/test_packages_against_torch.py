"""The whole of Open-Sora at its tiny size, as packages, against the same in torch."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from toy import ToyBlock, ToyPipeline, ToyStage

from devsim.convert import convert_workload
from devsim.convert.faults import InaccurateError
from devsim.core.manifest import Port
from devsim.execute.package_check import check_package
from devsim.runtime.reference import ReferenceRuntime
from devsim.workloads import find
from devsim.workloads.generate import Prompt, generate, in_torch
from devsim.workloads.pipeline import Options


def source():
    return find("open-sora-v1.2").pipeline(Options(size="tiny", shape=(2, 2, 4), depth=1))


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("open-sora")
    return folder, convert_workload(source(), folder, precisions=["fp32"], check=check_package)


def from_packages(folder, blocks):
    """One iteration of a stage, package by package."""
    runtime = ReferenceRuntime()

    def compute(tensors):
        known = {name: tensor.numpy() for name, tensor in tensors.items()}
        for block in blocks:
            loaded = runtime.load(folder / block.package)
            made = loaded.predict({port.name: known[port.tensor] for port in block.inputs})
            known.update({port.tensor: made[port.name] for port in block.outputs})
            loaded.unload()
        return {name: torch.from_numpy(array) for name, array in known.items()}

    return compute


def with_variant(pipeline, variant):
    """The torch pipeline, with a variant's blocks in the place of the default ones."""
    stages = []
    for stage in pipeline.stages:
        others = {block.name: block for block in stage.alternatives.get(variant, ())}
        blocks = tuple(others.get(block.name, block) for block in stage.blocks)
        stages.append(replace(stage, blocks=blocks))
    return replace(pipeline, stages=tuple(stages))


def prompt():
    noise = torch.Generator().manual_seed(7)
    return Prompt(
        ids=torch.randint(0, 100, (1, 300), generator=noise, dtype=torch.int32),
        mask=(torch.arange(300) < 40).float()[None],
        empty=torch.randn(300, 32, generator=noise),
        noise=torch.randn(1, 4, 2, 2, 4, generator=noise),
    )


@pytest.mark.parametrize("variant", ["fp32", "tdtm"])
def test_a_video_from_packages_is_that_of_torch(converted, variant):
    folder, manifest = converted
    packages = {
        stage.name: from_packages(
            folder, stage.variant(variant if variant in stage.alternatives else "fp32")
        )
        for stage in manifest.stages
    }
    expected = generate(in_torch(with_variant(source(), variant)), prompt(), steps=2)
    video = generate(packages, prompt(), steps=2)
    assert video.shape == (1, 3, 8, 16, 32)
    assert (video - expected).norm() <= 1e-4 * expected.norm()


def test_every_package_equals_torch_to_100_db(converted):
    _, manifest = converted
    checks = [block.check for stage in manifest.stages for block in stage.packages()]
    assert len(checks) == 3 + (3 + 1) + 9 + 9
    assert all(check.psnr_db is None or check.psnr_db >= 100 for check in checks)
    assert {(check.seed, check.runtime) for check in checks} == {(0, "reference")}


ERROR = 2.0**-10


class Differing(nn.Module):
    """Computes other values when it is converted than when it is compared."""

    def forward(self, x):
        return x + (ERROR if torch.jit.is_tracing() else 0.0)


class DifferingBlock(ToyBlock):
    inputs = (Port(name="mask", tensor="mask", shape=(2, 32), dtype="float32"),)
    outputs = (Port(name="y", tensor="y", shape=(2, 32), dtype="float32"),)

    def build(self):
        return Differing()


def differing(precision):
    block = DifferingBlock("only", inputs=DifferingBlock.inputs, outputs=DifferingBlock.outputs)
    return ToyPipeline(stages=[ToyStage("stage", [block], precision=precision)])


def test_the_check_is_the_psnr_of_the_worst_output(tmp_path):
    """Of a mask the largest value is 1; the error of every value is 2^-10, exactly."""
    manifest = convert_workload(differing("int8"), tmp_path, check=check_package)
    (block,) = manifest.stages[0].blocks
    assert block.check.psnr_db == pytest.approx(20 * math.log10(1 / ERROR), abs=1e-9)
    assert block.check.max_error == ERROR


def test_a_package_that_is_too_far_from_torch_is_refused(tmp_path):
    with pytest.raises(InaccurateError) as error:
        convert_workload(differing("fp32"), tmp_path, check=check_package)
    assert error.value.exit_status == 1
    assert str(error.value).startswith(
        "stage/only.mlpackage: its PSNR against torch is 60.2 dB, below the 100 dB of fp32; "
    )
    assert not list(tmp_path.rglob("*.mlpackage"))
