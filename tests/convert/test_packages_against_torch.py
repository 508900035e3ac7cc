"""Open-Sora at its reduced sizes, as packages, against the same in torch."""

import math
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torch import nn
from toy import ToyBlock, ToyPipeline, ToyStage

from devsim.convert import convert_workload
from devsim.convert.faults import InaccurateError
from devsim.core.manifest import Manifest, Port
from devsim.execute.package_check import check_package
from devsim.runtime.reference import ReferenceRuntime
from devsim.workloads import find
from devsim.workloads.generate import Prompt, generate, in_torch
from devsim.workloads.open_sora import SIZES
from devsim.workloads.pipeline import Options, TorchPipeline


class Converted(NamedTuple):
    """A pipeline in torch and as packages."""

    size: str
    source: TorchPipeline
    folder: Path
    manifest: Manifest


@pytest.fixture(scope="module", params=["tiny", pytest.param("small", marks=pytest.mark.slow)])
def converted(request, tmp_path_factory):
    depth = {"tiny": 1, "small": None}[request.param]
    options = Options(size=request.param, shape=(2, 2, 4), depth=depth)
    source = find("open-sora-v1.2").pipeline(options)
    folder = tmp_path_factory.mktemp("open-sora")
    manifest = convert_workload(source, folder, precisions=["fp32"], check=check_package)
    return Converted(request.param, source, folder, manifest)


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


def prompt(size):
    noise = torch.Generator().manual_seed(7)
    return Prompt(
        ids=torch.randint(0, 100, (1, 300), generator=noise, dtype=torch.int32),
        mask=(torch.arange(300) < 40).float()[None],
        empty=torch.randn(300, SIZES[size].stdit.caption_channels, generator=noise),
        noise=torch.randn(1, 4, 2, 2, 4, generator=noise),
    )


@pytest.mark.parametrize("variant", ["fp32", "tdtm"])
def test_a_video_from_packages_is_that_of_torch(converted, variant):
    packages = {
        stage.name: from_packages(
            converted.folder, stage.variant(variant if variant in stage.alternatives else "fp32")
        )
        for stage in converted.manifest.stages
    }
    given = prompt(converted.size)
    expected = generate(in_torch(with_variant(converted.source, variant)), given, steps=2)
    video = generate(packages, given, steps=2)
    assert video.shape == (1, 3, 8, 16, 32)
    assert (video - expected).norm() <= 1e-4 * expected.norm()


def test_every_package_equals_torch_to_100_db(converted):
    layers, pairs = {"tiny": (1, 1), "small": (24, 28)}[converted.size]
    checks = [block.check for stage in converted.manifest.stages for block in stage.packages()]
    assert len(checks) == (2 + layers) + (2 + 2 * pairs) + 9 + 9
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
