"""Small checkpoints with the names that the published ones have."""

import json
from types import MappingProxyType

import pytest
import torch
from safetensors.torch import save_file

from devsim.core.errors import BadFileError, BadInputError
from devsim.workloads import find
from devsim.workloads.checkpoint import Checkpoint
from devsim.workloads.open_sora import SIZES
from devsim.workloads.pipeline import Options
from devsim.workloads.stdit3 import STDiT3
from devsim.workloads.t5 import empty_t5, initial_stds
from devsim.workloads.vae.spatial import empty_vae
from devsim.workloads.vae.temporal import TemporalVae
from devsim.workloads.weights import CheckpointWeights, RandomWeights, materialise

TINY = SIZES["tiny"]
ENCODERS = ("encoder.", "quant_conv.", "temporal_vae.encoder.", "temporal_vae.quant_conv.")


class Recorded:
    """A checkpoint that remembers what was read of it."""

    def __init__(self, checkpoint):
        self.checkpoint, self.read = checkpoint, set()

    def component(self, component):
        self.found = self.checkpoint.component(component)
        return self

    def label(self, components):
        return self.checkpoint.label(components)

    def tensor(self, key, like, std=None):
        self.read.add(key)
        return self.found.tensor(key, like)


def state(model, stds=MappingProxyType({})):
    whole = materialise(model, model, RandomWeights(3), stds).state_dict()
    return {key: value.clone() for key, value in whole.items()}


def on_meta(kind, size):
    with torch.device("meta"):
        return kind(size)


def write_t5(folder):
    """Two shards as torch saves them and an index; the embedding has its two published names."""
    model = empty_t5(TINY.t5)
    values = state(model, initial_stds(model))
    assert {"shared.weight", "encoder.embed_tokens.weight"} <= values.keys()
    keys = sorted(values)
    shards = {
        "pytorch_model-00001-of-00002.bin": keys[::2],
        "pytorch_model-00002-of-00002.bin": keys[1::2],
    }
    folder.mkdir(parents=True)
    for name, part in shards.items():
        torch.save({key: values[key] for key in part}, folder / name)
    where = {key: name for name, part in shards.items() for key in part}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": where}))
    return values


def write(folder, values):
    folder.mkdir(parents=True)
    save_file(values, folder / "model.safetensors")
    return values


def write_vae(folder, *, spatial):
    """Both halves and their encoders; ``spatial`` leaves out the half that PixArt publishes."""
    values = state(on_meta(TemporalVae, TINY.temporal))
    values["temporal_vae.encoder.conv_in.conv.weight"] = torch.ones(8, 4, 3, 3, 3)
    values["temporal_vae.quant_conv.conv.weight"] = torch.ones(8, 8, 1, 1, 1)
    if spatial:
        half = state(empty_vae(TINY.spatial))
        values |= {f"spatial_vae.module.{key}": value for key, value in half.items()}
    return write(folder, values)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """Folders named as the repositories are, with or without their owners."""
    folder = tmp_path_factory.mktemp("weights")
    write_t5(folder / "t5-v1_1-xxl")
    write(folder / "hpcai-tech" / "OpenSora-STDiT-v3", state(on_meta(STDiT3, TINY.stdit)))
    write_vae(folder / "OpenSora-VAE-v1.2", spatial=False)
    pixart = folder / "PixArt-alpha" / "pixart_sigma_sdxlvae_T5_diffusers" / "vae"
    write(pixart, state(empty_vae(TINY.spatial)))
    return folder


def stage(name, weights):
    options = Options(size="tiny", shape=(5, 4, 4), stages=(name,), weights=weights)
    return find("open-sora-v1.2").pipeline(options).stages[0]


@pytest.mark.parametrize("name", ["t5", "stdit", "vae_temporal", "vae_spatial"])
def test_no_name_is_missing_and_none_is_left_over(checkpoints, name):
    recorded = Recorded(CheckpointWeights(checkpoints))
    for block in stage(name, recorded).blocks:
        module = block.build()
        assert not any(value.is_meta for value in module.state_dict().values())
    left = set(recorded.found.keys()) - recorded.read
    if name == "t5":
        assert left == {"encoder.embed_tokens.weight"}, "the embedding's other name"
    else:
        assert all(key.startswith(ENCODERS) for key in left)


@pytest.mark.parametrize("name", ["t5", "vae_temporal", "vae_spatial"])
def test_values_are_the_checkpoints(checkpoints, name):
    ours, expected = (
        stage(name, weights).blocks
        for weights in (CheckpointWeights(checkpoints), RandomWeights(3))
    )
    for one, other in zip(ours, expected, strict=True):
        values, wanted = one.build().state_dict(), other.build().state_dict()
        assert all(torch.equal(values[key], wanted[key]) for key in wanted)


def test_the_vaes_own_spatial_half_is_preferred(tmp_path):
    write_vae(tmp_path / "vae", spatial=True)
    write(tmp_path / "vae_spatial", {"decoder.conv_in.weight": torch.ones(1)})
    block = stage("vae_spatial", CheckpointWeights(tmp_path)).blocks[0].build()
    expected = stage("vae_spatial", RandomWeights(3)).blocks[0].build()
    assert torch.equal(block.conv_in.weight, expected.conv_in.weight)


def test_the_label_follows_the_components_in_use(checkpoints):
    def label(*stages):
        weights = CheckpointWeights(checkpoints)
        return (
            find("open-sora-v1.2")
            .pipeline(Options(size="tiny", stages=stages, weights=weights))
            .weights
        )

    assert label("t5").startswith("checkpoint weights")
    assert len({label("t5"), label("stdit"), label("t5", "stdit")}) == 3


def test_a_component_that_is_not_there_is_named(tmp_path):
    (tmp_path / "stdit").mkdir()
    with pytest.raises(BadInputError, match="has no t5; download DeepFloyd/t5-v1_1-xxl into"):
        stage("t5", CheckpointWeights(tmp_path))
    with pytest.raises(BadInputError, match=r"has no \.safetensors or \.bin file"):
        stage("stdit", CheckpointWeights(tmp_path))


def test_a_shard_that_the_index_names_is_missing(tmp_path):
    write_t5(tmp_path / "t5")
    (tmp_path / "t5" / "pytorch_model-00002-of-00002.bin").unlink()
    with pytest.raises(BadFileError, match=r"00002\.bin: is missing, but .*index\.json names it"):
        stage("t5", CheckpointWeights(tmp_path))


class Code:
    def __reduce__(self):
        return (print, ("unpickled",))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"shared.weight": Code()}, "cannot be read"),
        ([torch.ones(2)], "is not a dictionary of tensors"),
        (b"neither zip nor pickle", "cannot be read"),
    ],
)
def test_a_torch_file_that_is_more_or_less_than_tensors(tmp_path, capsys, content, problem):
    path = tmp_path / "t5" / "pytorch_model.bin"
    path.parent.mkdir()
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(BadFileError, match=problem) as caught:
        stage("t5", CheckpointWeights(tmp_path)).blocks[0].build()
    assert "\n" not in str(caught.value)
    assert "unpickled" not in capsys.readouterr().out


@pytest.mark.parametrize("text", ["{", "[]", '{"weight_map": 3}'])
def test_a_damaged_index(tmp_path, text):
    write_t5(tmp_path / "t5")
    (tmp_path / "t5" / "pytorch_model.bin.index.json").write_text(text)
    with pytest.raises(BadFileError, match="is not an index of a checkpoint"):
        stage("t5", CheckpointWeights(tmp_path))


@pytest.mark.parametrize(
    ("tensor", "kind"),
    [
        (torch.eye(3).to_sparse(), "is sparse"),
        (torch.quantize_per_tensor(torch.eye(3), 0.1, 0, torch.qint8), "is quantised"),
        (torch.eye(3, dtype=torch.complex64), "is complex"),
        (torch.full((3, 3), float("nan")), "has values that are not finite"),
        (torch.full((3, 3), float("inf")), "has values that are not finite"),
    ],
)
def test_tensors_that_are_no_weights(tmp_path, tensor, kind):
    torch.save({"w": tensor}, tmp_path / "model.bin")
    with pytest.raises(BadFileError, match=f"'w' {kind}"):
        Checkpoint(tmp_path).tensor("w", torch.empty(3, 3))


def test_a_checkpoint_is_read_through_links_of_a_hub_and_no_others(tmp_path):
    blobs, snapshot = tmp_path / "hub" / "blobs", tmp_path / "hub" / "snapshots" / "1"
    blobs.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    save_file({"w": torch.eye(3)}, blobs / "ab12")
    (snapshot / "model.safetensors").symlink_to("../../blobs/ab12")
    assert torch.equal(Checkpoint(snapshot).tensor("w", torch.empty(3, 3)), torch.eye(3))
    other = tmp_path / "other"
    other.mkdir()
    (other / "model.safetensors").symlink_to(blobs / "ab12")
    with pytest.raises(BadFileError, match="leads outside"):
        Checkpoint(other).tensor("w", torch.empty(3, 3))
