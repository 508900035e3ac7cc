from pathlib import Path

import pytest
import torch
from plain_stdit3 import PlainSTDiT3

from devsim.core.video import Video
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
    return tiny_stage(**options).blocks


def tiny_stage(**options):
    options = Options(size="tiny", stages=("stdit",), **options)
    return find("open-sora-v1.2").pipeline(options).stages[0]


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


def averaged_pairs(x, frames):
    """Tokens of each frame replaced by the average of its pair's; an odd last one stays."""
    x = x.unflatten(1, (frames, -1)).clone()
    for first in range(0, frames - 1, 2):
        x[:, first : first + 2] = x[:, first : first + 2].mean(1, keepdim=True)
    return x


def tdtm(block, x, y, t_mlp, mask, frames, rope=None):
    """The app's sums on one STDiT3 block, frame by frame, with no reshaping of pairs."""
    table = (block.scale_shift_table + t_mlp.unflatten(-1, (6, -1)))[:, :, None]
    shift1, scale1, gate1, shift2, scale2, gate2 = table.unbind(1)
    one_of_each = slice(0, None, 2)
    spread = torch.arange(frames) // 2

    def normal(x, shift, scale):
        return torch.nn.functional.layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + scale) + shift

    tokens = averaged_pairs(normal(x, shift1, scale1), frames)[:, one_of_each]
    if rope is None:
        attended = torch.stack([block.attn(frame) for frame in tokens.unbind(1)], 1)
    else:
        attended = torch.stack([block.attn(row, rope) for row in tokens.unbind(2)], 2)
    x = x + gate1 * attended[:, spread].flatten(1, 2)
    tokens = averaged_pairs(x, frames)[:, one_of_each]
    crossed = torch.stack([block.cross_attn(frame, y, mask) for frame in tokens.unbind(1)], 1)
    x = x + crossed[:, spread].flatten(1, 2)
    return x + gate2 * block.mlp(normal(x, shift2, scale2))


@pytest.mark.parametrize("latent", [(4, 4, 8), (5, 2, 6), (2, 4, 4), (1, 4, 4)])
def test_tdtm_attends_over_averaged_pairs_of_frames(latent):
    stage = tiny_stage(shape=latent)
    tensors = run_blocks(stage.blocks[:1], inputs(latent))
    merged = stage.alternatives["tdtm"][1]
    arguments = [tensors[port.tensor] for port in merged.inputs]
    pair = stage.blocks[2].build()
    expected = tdtm(pair.spatial, *arguments, latent[0])
    expected = tdtm(pair.temporal, expected, *arguments[1:], latent[0], pair.rope)
    torch.testing.assert_close(merged.build()(*arguments), expected, rtol=1e-4, atol=2e-5)


def test_tdtm_takes_the_place_of_the_pairs_with_their_weights():
    stage = tiny_stage(shape=(4, 4, 4))
    pairs = stage.blocks[1:-1]
    merged = stage.alternatives["tdtm"]
    assert [block.name for block in merged] == [block.name for block in pairs]
    for ours, theirs in zip(merged, pairs, strict=True):
        assert (ours.inputs, ours.outputs) == (theirs.inputs, theirs.outputs)
        one, other = ours.build().state_dict(), theirs.build().state_dict()
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one)


def test_positions_follow_the_size_in_pixels_where_the_latent_is_rounded_down():
    video = Video(17, 38, 46)
    (stage,) = (
        find("open-sora-v1.2").pipeline(Options(size="tiny", video=video, stages=("stdit",))).stages
    )
    part1 = stage.blocks[0].build()
    zoom = (38 * 46) ** 0.5 / 512
    # A 4x5 latent has 2x3 patches that count as a square of round(sqrt(6)) = 2 a side.
    place = torch.tensor([2 / zoom * 2 / 3, 1 / zoom * 2 / 2])  # the last token: column 2, row 1
    rates = 10000 ** (-torch.arange(16) / 16)
    angles = place[:, None] * rates
    expected = torch.cat((angles.sin(), angles.cos()), 1).flatten()
    torch.testing.assert_close(part1.positions[-1], expected)
