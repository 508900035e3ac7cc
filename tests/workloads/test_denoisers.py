"""CogVideoX and LTX-Video, block by block, against the whole models of diffusers."""

import pytest
import torch

from devsim.core.video import Video
from devsim.workloads import cogvideox, find, ltx_video
from devsim.workloads.generate import run_blocks
from devsim.workloads.pipeline import Options
from devsim.workloads.weights import RandomWeights, materialise

VIDEO = Video(17, 64, 96)


def stages(name, **options):
    return find(name).pipeline(Options(**{"size": "tiny", "video": VIDEO} | options)).stages


def whole(module):
    model = module.empty_transformer(module.SIZES["tiny"])
    return materialise(model, model, RandomWeights(0))


def tensors(stage):
    chance = torch.Generator().manual_seed(5)
    ports = {port.tensor: port for block in stage.blocks for port in block.inputs}
    made = {name: torch.randn(port.shape, generator=chance) for name, port in ports.items()}
    return made | {"t": torch.tensor([933.3, 421.7]), "fps": torch.tensor([24.0])}


def test_cogvideox():
    stage = stages("cogvideox-2b")[1]
    given = tensors(stage)
    expected = whole(cogvideox)(given["z"], given["captions"], given["t"]).sample
    found = run_blocks(stage.blocks, given)["v"]
    assert (found - expected).norm() / expected.norm() < 1e-5


@pytest.mark.parametrize("tokens", [128, 40])
def test_ltx_video(tokens):
    stage = stages("ltx-video")[1]
    given = tensors(stage)
    given["mask"] = torch.stack((torch.arange(128) < tokens, torch.arange(128) < 128)).float()
    model = whole(ltx_video)
    for module in model.modules():
        if isinstance(module, torch.nn.RMSNorm):
            assert module.eps == 1e-5
    expected = model(
        given["z"],
        given["captions"],
        given["t"],
        given["mask"],
        num_frames=3,
        height=2,
        width=3,
        rope_interpolation_scale=(8 / 24, 32, 32),
    ).sample
    found = run_blocks(stage.blocks, given)["v"]
    assert (found - expected).norm() / expected.norm() < 1e-5


@pytest.mark.parametrize(
    ("name", "depth", "latent", "tokens"),
    [("cogvideox-2b", 30, (2, 13, 16, 60, 90), 17550), ("ltx-video", 28, (2, 7392, 128), 7392)],
)
def test_the_published_sizes(name, depth, latent, tokens):
    t5, transformer = find(name).pipeline(Options()).stages
    assert (len(t5.blocks), len(transformer.blocks)) == (26, depth + 2)
    ports = {port.tensor: port.shape for block in transformer.blocks for port in block.inputs}
    assert ports["z"] == latent
    assert ports["x"] == (2, tokens, {"cogvideox-2b": 1920, "ltx-video": 2048}[name])


@pytest.mark.parametrize("name", ["cogvideox-2b", "ltx-video"])
def test_every_input_is_given_or_made_before(name):
    stage = stages(name)[1]
    known = {"z", "t", "fps", "captions", "mask"}
    for block in stage.blocks:
        assert {port.tensor for port in block.inputs} <= known
        assert not {port.name for port in block.inputs} & {port.name for port in block.outputs}
        known |= {port.tensor for port in block.outputs}


@pytest.mark.parametrize("module", [cogvideox, ltx_video])
def test_the_blocks_hold_every_parameter_once(module):
    model = module.empty_transformer(module.SIZES["tiny"])
    stage = stages(module.WORKLOAD.name)[1]
    held = sum(sum(p.numel() for p in block.build().parameters()) for block in stage.blocks)
    assert held == sum(p.numel() for p in model.parameters())
