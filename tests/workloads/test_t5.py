import pytest
import torch
from transformers import T5EncoderModel

from devsim.workloads import find
from devsim.workloads.generate import run_blocks
from devsim.workloads.open_sora import SIZES
from devsim.workloads.pipeline import Options
from devsim.workloads.t5 import T5Size, empty_t5, initial_stds
from devsim.workloads.weights import RandomWeights, materialise

TINY = SIZES["tiny"].t5


def stage(size="tiny", depth=None):
    options = Options(size=size, depth=depth, stages=("t5",))
    return find("open-sora-v1.2").pipeline(options).stages[0]


def prompt(tokens):
    ids = torch.randint(0, TINY.vocabulary, (1, 300), generator=torch.Generator().manual_seed(2))
    mask = (torch.arange(300) < tokens).float()[None]
    return ids.to(torch.int32), mask


@pytest.mark.parametrize("tokens", [300, 17, 1])
def test_blocks_in_turn_are_transformers_encoder(tokens):
    ids, mask = prompt(tokens)
    whole = empty_t5(TINY)
    materialise(whole, whole, RandomWeights(0), initial_stds(whole))
    expected = whole(input_ids=ids.long(), attention_mask=mask).last_hidden_state
    found = run_blocks(stage().blocks, {"ids": ids, "mask": mask[:, None, None]})["text"]
    error = (found - expected).norm() / expected.norm()
    assert error < 1e-5


def test_random_matrices_are_as_large_as_transformers_initialises_them():
    """Root mean squares of n values differ by about 1 / sqrt(n) of themselves."""
    size = T5Size(width=64, depth=2, heads=4, head_width=8, hidden=160, vocabulary=128)
    seeded = empty_t5(size)
    materialise(seeded, seeded, RandomWeights(0), initial_stds(seeded))
    torch.manual_seed(0)
    theirs = T5EncoderModel(seeded.config).state_dict()
    for name, ours in seeded.state_dict().items():
        if ours.ndim > 1:
            ratio = ours.square().mean().sqrt() / theirs[name].square().mean().sqrt()
            assert abs(ratio - 1) < 4 / ours.numel() ** 0.5, name


def test_the_published_stage():
    made = stage("full")
    blocks = [f"block_{index:02d}" for index in range(24)]
    assert [block.name for block in made.blocks] == ["embed", *blocks, "final_norm"]
    assert (made.iterations, made.precision) == (1, "int8")
    ports = {p.tensor: p.shape for b in made.blocks for p in (*b.inputs, *b.outputs)}
    assert ports == {
        "ids": (1, 300),
        "mask": (1, 1, 1, 300),
        "hidden": (1, 300, 4096),
        "position_bias": (1, 64, 300, 300),
        "text": (1, 300, 4096),
    }


def test_only_block_0_makes_the_position_bias():
    made = {block.name: [p.tensor for p in block.outputs] for block in stage().blocks}
    assert made["block_00"] == ["hidden", "position_bias"]
    assert made["block_01"] == ["hidden"]


def test_depth_is_the_number_of_blocks():
    assert len(stage(depth=1).blocks) == 3
