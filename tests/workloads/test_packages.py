"""Blocks of each kind as Core ML packages, run by the reference runtime, against torch."""

import math

import pytest
import torch

from devsim.convert.package import write_package
from devsim.runtime.reference import ReferenceRuntime
from devsim.workloads import find
from devsim.workloads.pipeline import Options

LOWEST_PSNR_DB = {"fp32": 100, "fp16": 45}


def blocks(workload, stage, variant=None, shape=(2, 4, 4)):
    options = Options(size="tiny", shape=shape, stages=(stage,))
    (made,) = find(workload).pipeline(options).stages
    return made.alternatives[variant] if variant else made.blocks


def values(block):
    chance = torch.Generator().manual_seed(11)
    for port in block.inputs:
        if port.dtype == "int32":
            yield torch.randint(0, 100, port.shape, generator=chance, dtype=torch.int32)
        elif port.tensor == "mask":
            yield (torch.rand(port.shape, generator=chance) > 0.3).float()
        elif port.tensor == "t":
            yield torch.tensor([933.3, 421.7])
        else:
            yield torch.randn(port.shape, generator=chance)


def psnr_db(found, expected):
    error = (found - expected).square().mean().sqrt()
    return math.inf if error == 0 else float(20 * torch.log10(expected.abs().max() / error))


def check(block, package, precision="fp32"):
    module, given = block.build(), tuple(values(block))
    made = module(*given)
    expected = made if isinstance(made, tuple) else (made,)
    write_package(module, block.inputs, block.outputs, package, precision)
    arrays = {port.name: value.numpy() for port, value in zip(block.inputs, given, strict=True)}
    found = ReferenceRuntime().load(package).predict(arrays)
    for port, value in zip(block.outputs, expected, strict=True):
        psnr = psnr_db(torch.from_numpy(found[port.name]), value)
        assert psnr >= LOWEST_PSNR_DB[precision], (block.name, port.name)


@pytest.mark.parametrize(
    ("workload", "stage", "names"),
    [
        ("open-sora-v1.2", "t5", {"embed", "block_00", "block_01", "final_norm"}),
        # Each layer is in one of these: blocks that change channels, frames and size.
        ("open-sora-v1.2", "vae_temporal", {"1", "2_2", "3"}),
        ("open-sora-v1.2", "vae_spatial", {"1", "2", "3_2", "3_4_1", "4"}),
        ("cogvideox-2b", "transformer", {"part1", "block_00", "part2"}),
        ("ltx-video", "transformer", {"part1", "block_00", "part2"}),
    ],
)
def test_packages_compute_what_torch_does(tmp_path, workload, stage, names):
    chosen = [block for block in blocks(workload, stage) if block.name in names]
    assert len(chosen) == len(names)
    for block in chosen:
        check(block, tmp_path / f"{block.name}.mlpackage")


@pytest.mark.parametrize("frames", [2, 3])
def test_tdtm_of_an_even_and_an_odd_number_of_frames(tmp_path, frames):
    block = blocks("open-sora-v1.2", "stdit", "tdtm", shape=(frames, 2, 2))[0]
    check(block, tmp_path / "tdtm.mlpackage")


def test_a_rotation_by_thousands_survives_half_precision(tmp_path):
    block = blocks("ltx-video", "transformer")[0]
    check(block, tmp_path / "part1.mlpackage", "fp16")
