from pathlib import Path

import pytest
import torch
from plain_temporal_vae import PlainTemporalVae

from devsim.core.video import Video
from devsim.workloads import find
from devsim.workloads.generate import run_blocks
from devsim.workloads.open_sora import SIZES
from devsim.workloads.pipeline import Options
from devsim.workloads.vae.spatial import empty_vae
from devsim.workloads.vae.temporal import TemporalSize, TemporalVae
from devsim.workloads.weights import RandomWeights, materialise

TEMPORAL = ["1", "2_1", "2_2", "2_3_1", "2_3_2", "2_3_3", "2_3_4", "2_4", "3"]
SPATIAL = ["1", "2", "3_1", "3_2", "3_3", "3_4_1", "3_4_2", "3_4_3", "4"]


def stage(name, size="tiny", video=None):
    options = Options(size=size, video=video, stages=(name,))
    return find("open-sora-v1.2").pipeline(options).stages[0]


def noise(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(4))


def whole_temporal(size):
    with torch.device("meta"):
        vae = TemporalVae(size)
    return materialise(vae, vae, RandomWeights(0))


@pytest.mark.parametrize(("frames", "latents"), [(17, 5), (16, 4), (5, 2), (1, 1)])
def test_temporal_blocks_in_turn_are_the_published_decoder(frames, latents):
    z = noise(1, 4, latents, 3, 5)
    size = SIZES["tiny"].temporal
    expected = PlainTemporalVae(whole_temporal(size).state_dict(), size.groups)(z, frames)
    made = stage("vae_temporal", video=Video(frames, 24, 40))
    found = run_blocks(made.blocks, {"z": z})["frames"]
    assert found.shape == (1, 4, frames, 3, 5)
    assert (found - expected).norm() / expected.norm() < 1e-5


def test_spatial_blocks_in_turn_are_diffusers_autoencoder():
    frames = noise(1, 4, 4, 3, 5)
    vae = empty_vae(SIZES["tiny"].spatial)
    materialise(vae, vae, RandomWeights(0))
    images = vae.decode(frames[0].transpose(0, 1) / 0.18215).sample
    made = stage("vae_spatial", video=Video(17, 24, 40))
    found = run_blocks(made.blocks, {"frames": frames})["video"]
    expected = images.transpose(0, 1)[None]
    assert found.shape == (1, 3, 4, 24, 40)
    assert (found - expected).norm() / expected.norm() < 1e-5


def test_the_published_stages():
    temporal, spatial = stage("vae_temporal", "full"), stage("vae_spatial", "full")
    assert ([b.name for b in temporal.blocks], temporal.iterations) == (TEMPORAL, 4)
    assert ([b.name for b in spatial.blocks], spatial.iterations) == (SPATIAL, 17)
    assert temporal.blocks[0].inputs[0].shape == (1, 4, 5, 32, 32)
    assert temporal.blocks[-1].outputs[0].shape == (1, 4, 17, 32, 32)
    assert spatial.blocks[0].inputs[0].shape == (1, 4, 4, 32, 32)
    assert spatial.blocks[-1].outputs[0].shape == (1, 3, 4, 256, 256)


def test_keys_and_shapes_of_the_temporal_half_are_those_of_the_published_checkpoint():
    lines = Path(__file__).with_name("vae_temporal.txt").read_text().splitlines()
    published = {
        key: tuple(map(int, shape))
        for key, *shape in (line.split() for line in lines if not line.startswith("#"))
    }
    ours = {
        key: tuple(value.shape) for key, value in TemporalVae(TemporalSize()).state_dict().items()
    }
    assert ours == published


@pytest.mark.parametrize("name", ["vae_temporal", "vae_spatial"])
def test_ports_are_what_the_blocks_take_and_make(name):
    made = stage(name, video=Video(18, 33, 70))
    tensors = {p.tensor: torch.zeros(p.shape) for p in made.blocks[0].inputs}
    for block in made.blocks:
        tensors = run_blocks((block,), tensors)
        for port in (*block.inputs, *block.outputs):
            assert tensors[port.tensor].shape == port.shape
