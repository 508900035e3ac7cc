"""The stages joined, package by package or block by block, against whole models in torch."""

import pytest
import torch

from devsim.core.errors import BadInputError
from devsim.core.video import Video
from devsim.workloads import find
from devsim.workloads.generate import GUIDANCE, Prompt, decode, generate, in_torch
from devsim.workloads.open_sora import SIZES
from devsim.workloads.pipeline import Options
from devsim.workloads.stdit3 import STDiT3
from devsim.workloads.t5 import empty_t5, initial_stds
from devsim.workloads.vae.spatial import empty_vae
from devsim.workloads.vae.temporal import TemporalVae
from devsim.workloads.weights import RandomWeights, materialise

TINY = SIZES["tiny"]
VIDEO = Video(34, 33, 48)  # two runs along time, and a last run of two frames in space


def whole(model):
    return materialise(model, model, RandomWeights(0))


def prompt(stdit):
    chance = torch.Generator().manual_seed(6)
    return Prompt(
        ids=torch.randint(0, 128, (1, 300), generator=chance).to(torch.int32),
        mask=(torch.arange(300) < 40).float()[None],
        empty=stdit.y_embedder.y_embedding,
        noise=torch.randn(1, 4, *VIDEO.latent, generator=chance),
    )


def in_whole_models(given, stdit, steps):
    """Every model in one piece and one call, but for the runs that define the VAE's result."""
    t5, spatial = empty_t5(TINY.t5), whole(empty_vae(TINY.spatial))
    materialise(t5, t5, RandomWeights(0), initial_stds(t5))
    with torch.device("meta"):
        temporal = TemporalVae(TINY.temporal)
    temporal = whole(temporal)
    text = t5(input_ids=given.ids.long(), attention_mask=given.mask).last_hidden_state
    captions = torch.cat((text, given.empty[None]))[:, None]
    z = given.noise
    for step in range(steps):
        t = torch.full((2,), 1000 * (1 - step / steps))
        both = torch.cat((z, z))
        mask = torch.cat((given.mask, given.mask))
        v = stdit(both, t, captions, torch.tensor([24.0]), mask, VIDEO)[:, :4]
        z = z + (v[1:] + GUIDANCE * (v[:1] - v[1:])) / steps
    halves, decoder = temporal.temporal_vae, temporal.temporal_vae.decoder
    frames = []
    for first in (0, 5):
        x = z[:, :, first : first + 5] * temporal.scale + temporal.shift
        x = decoder.conv1(halves.post_quant_conv(x))
        for block in decoder.res_blocks:
            x = block(x)
        for level in (3, 2, 1, 0):
            x = decoder.level(level)(x)
        x = decoder.conv_out(torch.nn.functional.silu(decoder.norm1(x)))
        frames.append(x[0, :, 3:].transpose(0, 1))
    images = spatial.decode(torch.cat(frames) / 0.18215).sample
    return images.transpose(0, 1)[None]


def test_blocks_one_after_another_make_what_the_whole_models_make():
    with torch.device("meta"):
        stdit = STDiT3(TINY.stdit)
    stdit = whole(stdit)
    given = prompt(stdit)
    pipeline = find("open-sora-v1.2").pipeline(Options(size="tiny", video=VIDEO))
    found = generate(in_torch(pipeline), given, steps=2)
    expected = in_whole_models(given, stdit, steps=2)
    assert found.shape == expected.shape == (1, 3, 34, 32, 48)
    assert (found - expected).norm() / expected.norm() < 1e-4


def test_a_run_that_is_partly_full_is_refused():
    with pytest.raises(BadInputError, match="7 latent frames are not runs of 5; choose a number"):
        decode(dict, dict, torch.zeros(1, 4, 7, 2, 2))
