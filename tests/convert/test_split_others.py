"""Models that others wrote, in half precision and int8, cut into five blocks."""

import numpy as np
import others
import pytest
import torch
from mil_models import packages_of, run, run_blocks, same_bits
from torch.utils.flop_counter import FlopCounterMode

from devsim.convert.mil.split import IntoBlocks, split_package

pytest.importorskip("transformers")
pytest.importorskip("diffusers")


# The converter takes a minute for the UNet on a laptop.
MODELS = ["bert", "llama", "vit", pytest.param("unet", marks=pytest.mark.slow)]


@pytest.fixture(scope="module", params=MODELS)
def made(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    model = others.convert(request.param, folder / "fp16.mlpackage")
    others.quantized(folder / "fp16.mlpackage", folder / "int8.mlpackage")
    inputs = {
        name: value.numpy().astype(np.float32 if value.is_floating_point() else np.int32)
        for name, value in model.inputs.items()
    }
    return folder, model, inputs


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_five_blocks_give_the_same_bits(made, precision, tmp_path):
    folder, _, inputs = made
    split = split_package(folder / f"{precision}.mlpackage", tmp_path / "out", IntoBlocks(5))
    assert len(packages_of(tmp_path / "out")) == len(split.blocks) == 5
    assert min(block.weight_bytes for block in split.blocks) > 0
    whole = run(folder / f"{precision}.mlpackage", inputs)
    assert all(np.isfinite(value).all() and value.std() > 0 for value in whole.values())
    assert same_bits(whole, run_blocks(tmp_path / "out", inputs))


def test_flops_are_what_torch_counts(made, tmp_path):
    folder, model, _ = made
    split = split_package(folder / "fp16.mlpackage", tmp_path / "out", IntoBlocks(1))
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model.module(*model.inputs.values())
    assert split.flops == counter.get_total_flops()
