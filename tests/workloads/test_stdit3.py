from pathlib import Path

import pytest
import torch
from plain_stdit3 import PlainSTDiT3

from devsim.workloads import find
from devsim.workloads.pipeline import Options
from devsim.workloads.stdit3 import STDiT3, STDiT3Config
from devsim.workloads.weights import RandomWeights, materialise

TINY = STDiT3Config(width=64, depth=2, heads=4, caption_channels=32)


def inputs(latent):
    """A latent, timesteps, captions, a frame rate and a mask with padding of two lengths."""
    noise = torch.Generator().manual_seed(7)
    mask = torch.zeros(2, 300)
    mask[0, :70] = 1
    mask[1, :200] = 1
    return {
        "z": torch.randn(2, 4, *latent, generator=noise),
        "t": torch.tensor([933.3, 421.7]),
        "captions": torch.randn(2, 1, 300, 32, generator=noise),
        "fps": torch.tensor([24.0]),
        "mask": mask,
    }


def whole_model(seed=0, config=TINY):
    with torch.device("meta"):
        model = STDiT3(config)
    return materialise(model, model, RandomWeights(seed))


def run_blocks(blocks, tensors):
    """Run blocks one after another, as a runtime does: by the names on their ports."""
    tensors = dict(tensors)
    for block in blocks:
        values = block.build()(*(tensors[port.tensor] for port in block.inputs))
        values = values if isinstance(values, tuple) else (values,)
        for port, value in zip(block.outputs, values, strict=True):
            assert tuple(value.shape) == port.shape
            tensors[port.tensor] = value
    return tensors


def tiny_blocks(**options):
    pipeline = find("open-sora-v1.2").pipeline(Options(size="tiny", **options))
    return pipeline.stages[0].blocks


def test_keys_and_shapes_are_those_of_the_published_checkpoint():
    published = {}
    blocks = [f"{kind}_blocks.{i}" for kind in ("spatial", "temporal") for i in range(28)]
    for line in Path(__file__).with_name("stdit3_xl_2.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        key, *shape = line.split()
        keys = [key.format(block=block) for block in blocks] if "{" in key else [key]
        published |= dict.fromkeys(keys, tuple(map(int, shape)))
    with torch.device("meta"):
        model = STDiT3(STDiT3Config())
    ours = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
    assert ours == published


@pytest.mark.parametrize("latent", [(3, 4, 8), (2, 5, 7), (1, 2, 2)])
def test_blocks_in_turn_compute_the_published_model(latent):
    tensors = inputs(latent)
    expected = PlainSTDiT3(whole_model().state_dict(), heads=4)(**tensors)
    velocity = run_blocks(tiny_blocks(shape=latent), tensors)["v"]
    assert velocity.shape == (2, 8, *latent)
    torch.testing.assert_close(velocity, expected, rtol=1e-4, atol=2e-5)


def test_the_whole_model_computes_the_same_as_its_blocks():
    tensors = inputs((3, 4, 8))
    whole = whole_model()(**tensors)
    blocks = run_blocks(tiny_blocks(shape=(3, 4, 8)), tensors)["v"]
    torch.testing.assert_close(whole, blocks, rtol=0, atol=0)


def test_padded_captions_do_not_matter():
    tensors = inputs((2, 4, 4))
    blocks = tiny_blocks(shape=(2, 4, 4))
    before = run_blocks(blocks, tensors)["v"]
    padding = tensors["mask"][:, None, :, None] == 0
    tensors["captions"] = torch.where(padding, 50.0, tensors["captions"])
    torch.testing.assert_close(run_blocks(blocks, tensors)["v"], before, rtol=0, atol=0)


@pytest.mark.parametrize("index", [0, 1, 3], ids=["part1", "st_00", "part2"])
def test_every_parameter_matters(index):
    block = tiny_blocks(shape=(3, 4, 4))[index]
    noise = torch.Generator().manual_seed(1)
    arguments = [torch.randn(port.shape, generator=noise) for port in block.inputs]
    if index == 1:
        arguments[3] = inputs((3, 4, 4))["mask"]
    module = block.build()
    before = module(*arguments)
    for name, parameter in module.named_parameters():
        kept = parameter.clone()
        parameter += 0.1 * torch.randn(parameter.shape, generator=noise)
        changed = [
            not torch.equal(old, new) for old, new in zip(before, module(*arguments), strict=True)
        ]
        parameter.copy_(kept)
        assert any(changed), name


def test_activations_stay_of_order_one_through_28_pairs():
    tensors = run_blocks(tiny_blocks(shape=(2, 4, 4), depth=28), inputs((2, 4, 4)))
    for name in ("x", "y", "t_mlp", "t_emb", "v"):
        assert 0.1 < tensors[name].std() < 10, name


def test_a_block_is_whole_and_holds_no_other():
    block = tiny_blocks(shape=(2, 4, 4))[1]
    module = block.build()
    assert not any(tensor.is_meta for tensor in module.state_dict().values())
    linear = 16 * 64 * 64 + (3 + 1 + 1 + 2 + 1 + 4 + 1) * 64
    one = linear + 2 * 16 + 6 * 64
    assert sum(parameter.numel() for parameter in module.parameters()) == 2 * one + 8
