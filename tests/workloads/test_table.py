import pytest

from devsim.core.video import Latent, parse_video
from devsim.workloads import names
from devsim.workloads.pipeline import Options
from devsim.workloads.table import describe

GIB = 2**30


@pytest.fixture(scope="module")
def whole():
    return describe("open-sora-v1.2")


def stage(row, name):
    return next(stage for stage in row.stages if stage.name == name)


def test_parameters_are_the_published_ones(whole):
    t5, stdit = stage(whole, "t5"), stage(whole, "stdit")
    # Counted by hand: four projections and three of the feed-forward, two norms, one bias table.
    block = 4 * 4096**2 + 3 * 4096 * 10240 + 2 * 4096
    assert {row.parameters for row in t5.blocks if row.kind} == {block}
    assert t5.parameters == 24 * block + 32 * 64 + 32128 * 4096 + 4096
    assert stdit.blocks[1].parameters == pytest.approx(42.5e6, rel=0.001)


def test_float32_is_within_3_percent_of_the_paper_in_gib(whole):
    """The paper says 18.00, 4.50 and 0.82 GB, and 4.64 GB for T5 as int8."""
    size = {row.name: row.weight_bytes(32) for row in whole.stages}
    assert size["t5"] / GIB == pytest.approx(18.00, rel=0.03)
    assert size["stdit"] / GIB == pytest.approx(4.50, rel=0.03)
    assert (size["vae_temporal"] + size["vae_spatial"]) / GIB == pytest.approx(0.82, rel=0.03)
    assert stage(whole, "t5").weight_bytes(8) / 1e9 == pytest.approx(4.64, rel=0.03)


def test_flops_of_a_t5_block_are_those_counted_by_hand(whole):
    row = stage(whole, "t5").blocks[5]
    assert row.flops.linear == 2 * 300 * (4 * 4096**2 + 3 * 4096 * 10240)
    assert row.flops.attention == 2 * 2 * 300 * 300 * 4096
    assert row.flops.convolution == 0


def test_flops_of_a_convolution_are_those_counted_by_hand(whole):
    row = stage(whole, "vae_spatial").blocks[-1]
    assert row.flops == (0, 0, 2 * 4 * 256 * 256 * 128 * 3 * 9)


def test_merging_frames_quarters_attention_along_time_and_halves_the_rest(whole):
    stdit, latent = stage(whole, "stdit"), Latent(20, 32, 32)
    (pair, merged) = (stdit.blocks[1].flops, stdit.alternatives["tdtm"][0].flops)
    width, tokens = 1152, 2 * latent.tokens
    spatial, temporal = 4 * tokens * 256 * width, 4 * tokens * 20 * width
    cross = 2 * 4 * tokens * 300 * width
    assert pair.attention == spatial + temporal + cross
    assert merged.attention == spatial / 2 + temporal / 4 + cross / 2


def test_linear_flops_follow_the_area_and_the_frames():
    rows = [
        describe(
            "open-sora-v1.2", Options(video=parse_video(size, None, frames), stages=("stdit",))
        )
        for size, frames in (("128x128", "17"), ("256x256", "34"))
    ]
    small, large = (stage(row, "stdit").blocks[1].flops.linear for row in rows)
    captions = 2 * 2 * 2 * 300 * 1152 * 2304  # of keys and values, whatever the video
    assert large - captions == 8 * (small - captions)


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("size", ["small", "tiny"])
def test_every_workload_can_be_described(name, size):
    row = describe(name, Options(size=size, depth=2))
    assert (row.name, row.size) == (name, size)
    assert all(block.parameters > 0 for stage in row.stages for block in stage.blocks)
    assert all(stage.flops.total > 0 for stage in row.stages)
