import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from devsim.core.errors import BadFileError, BadInputError, DevsimError
from devsim.core.video import Video
from devsim.workloads import find, names
from devsim.workloads.open_sora import OpenSora
from devsim.workloads.pipeline import Options
from devsim.workloads.stdit3 import STDiT3, STDiT3Config
from devsim.workloads.weights import CheckpointWeights, RandomWeights, materialise

TINY = STDiT3Config(width=64, depth=2, heads=4, caption_channels=32)


def blocks(**options):
    options = {"size": "tiny", "shape": (2, 4, 4), "stages": ("stdit",)} | options
    return find("open-sora-v1.2").pipeline(Options(**options)).stages[0].blocks


def same(one, other):
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[k], theirs[k]) for k in ours)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A tiny checkpoint in two files, in bfloat16 as many are published."""
    folder = tmp_path_factory.mktemp("models") / "tiny-stdit"
    folder.mkdir()
    with torch.device("meta"):
        model = STDiT3(TINY)
    state = materialise(model, model, RandomWeights(5)).bfloat16().state_dict()
    keys = sorted(state)
    save_file({key: state[key] for key in keys[::2]}, folder / "model-1.safetensors")
    save_file({key: state[key] for key in keys[1::2]}, folder / "model-2.safetensors")
    return folder


def test_names_and_find():
    assert names() == ("open-sora-v1.2", "cogvideox-2b", "ltx-video")
    assert isinstance(find("open-sora-v1.2"), OpenSora)
    with pytest.raises(BadInputError, match=r"no workload 'sora'; choose one of: open-sora-v1\.2"):
        find("sora")


def test_listing_workloads_does_not_import_torch():
    program = "import sys, devsim.workloads as w; w.names(); print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.stdout == "False\n"


def test_the_published_stage():
    pipeline = find("open-sora-v1.2").pipeline(Options(stages=("stdit",)))
    (stage,) = pipeline.stages
    assert (pipeline.workload, pipeline.size) == ("open-sora-v1.2", "full")
    assert pipeline.shape == "256x256, 68 frames, latent 20x32x32"
    assert pipeline.weights == "random seed 0"
    assert (stage.name, stage.iterations) == ("stdit", 30)
    pairs = [f"st_{index:02d}" for index in range(28)]
    assert [block.name for block in stage.blocks] == ["part1", *pairs, "part2"]
    ports = {p.tensor: p.shape for b in stage.blocks for p in (*b.inputs, *b.outputs)}
    assert ports == {
        "z": (2, 4, 20, 32, 32),
        "t": (2,),
        "captions": (2, 1, 300, 4096),
        "fps": (1,),
        "mask": (2, 300),
        "x": (2, 5120, 1152),
        "y": (2, 300, 1152),
        "t_mlp": (2, 6912),
        "t_emb": (2, 1152),
        "v": (2, 8, 20, 32, 32),
    }


@pytest.mark.parametrize(("shape", "tokens"), [((20, 24, 24), 2880), ((3, 5, 7), 36)])
def test_tokens_follow_the_latent(shape, tokens):
    assert blocks(shape=shape)[1].inputs[0].shape == (2, tokens, 64)


def test_no_package_has_an_output_named_like_an_input():
    for block in blocks():
        assert not {port.name for port in block.inputs} & {port.name for port in block.outputs}


def test_every_input_is_given_or_made_by_an_earlier_block():
    made = {"z", "t", "captions", "fps", "mask"}
    for block in blocks():
        assert {port.tensor for port in block.inputs} <= made
        made |= {port.tensor for port in block.outputs}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"size": "huge"}, "no size 'huge'; choose one of: full, small, tiny"),
        ({"depth": 0}, "depth 0 is not positive"),
        ({"shape": (20, 32)}, "20x32 is not the shape of a latent"),
        ({"shape": (20, 0, 32)}, "20x0x32 is not the shape of a latent"),
        ({"stages": ("vae",)}, "no stage 'vae'; choose from: t5, stdit, vae_temporal, vae_spatial"),
        ({"video": Video(17, 64, 64)}, "of the latent and that of the video are both given"),
        ({"weights": CheckpointWeights(Path("nowhere"))}, "nowhere: has no stdit; download hpcai-"),
    ],
)
def test_bad_options_are_one_clear_line(options, problem):
    with pytest.raises(BadInputError, match=problem) as caught:
        blocks(**options)
    assert "\n" not in str(caught.value)


def test_random_weights_depend_on_the_seed_and_on_no_other_block():
    pair = blocks()[2].build()
    assert same(pair, blocks(depth=3, shape=(3, 6, 6))[2].build())
    assert not same(pair, blocks(weights=RandomWeights(1))[2].build())
    assert not same(pair, blocks()[1].build())


def test_nothing_random_is_zero_or_shared():
    pair = blocks()[1].build()
    flat = [tensor.flatten()[:8] for tensor in pair.state_dict().values()]
    assert all(values.count_nonzero() == 8 for values in flat)
    assert len({tuple(values.tolist()) for values in flat}) == len(flat)


def test_a_checkpoint_gives_its_own_values(checkpoint):
    with torch.device("meta"):
        model = STDiT3(TINY)
    expected = materialise(model, model, RandomWeights(5)).bfloat16().float()
    pair = blocks(weights=CheckpointWeights(checkpoint))[2].build()
    assert same(pair.spatial, expected.spatial_blocks[1])
    assert same(pair.temporal, expected.temporal_blocks[1])
    assert all(parameter.dtype == torch.float32 for parameter in pair.parameters())


def test_a_checkpoint_is_named_by_its_content(checkpoint, tmp_path):
    def label(folder):
        return (
            find("open-sora-v1.2")
            .pipeline(Options(size="tiny", stages=("stdit",), weights=CheckpointWeights(folder)))
            .weights
        )

    assert label(checkpoint).startswith("checkpoint tiny-stdit ")
    other = tmp_path / "tiny-stdit"
    other.mkdir()
    save_file({"one": torch.ones(1)}, other / "model.safetensors")
    assert label(other) != label(checkpoint)


def test_a_checkpoint_of_another_model(checkpoint):
    with pytest.raises(BadFileError, match=r"has no tensor 'spatial_blocks\.2\."):
        blocks(weights=CheckpointWeights(checkpoint), depth=3)[3].build()
    with pytest.raises(BadFileError, match=r"is \[.*64.*\], not \[.*1152.*\]"):
        blocks(weights=CheckpointWeights(checkpoint), size="full", depth=1)[1].build()


def test_a_truncated_checkpoint(checkpoint, tmp_path):
    data = (checkpoint / "model-1.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(DevsimError, match="cannot be read"):
        blocks(weights=CheckpointWeights(tmp_path))[1].build()


@pytest.mark.parametrize(
    ("missing", "extra", "program"),
    [
        ("torch", "coreml", "from devsim.workloads import find; find('open-sora-v1.2')"),
        (
            "safetensors",
            "models",
            "from pathlib import Path; import torch;"
            "from devsim.workloads.checkpoint import Checkpoint;"
            "Checkpoint(Path(sys.argv[1])).tensor('rope.freqs', torch.zeros(8))",
        ),
    ],
)
def test_a_missing_package_names_its_extra(missing, extra, program, checkpoint):
    program = f"import sys; sys.modules['{missing}'] = None; {program}"
    result = subprocess.run(
        [sys.executable, "-c", program, str(checkpoint)], capture_output=True, text=True
    )
    assert "MissingExtraError: " in result.stderr
    assert f"pip install 'devsim[{extra}]'" in result.stderr
