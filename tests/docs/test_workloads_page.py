"""docs/workloads.md says what the workloads are."""

import re
from pathlib import Path

import pytest

from devsim.core.video import parse_video
from devsim.workloads import names
from devsim.workloads.table import describe

PAGE = (Path(__file__).parents[2] / "docs" / "workloads.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("|")
]


@pytest.fixture(scope="module")
def whole():
    return describe("open-sora-v1.2")


def test_every_workload_is_listed():
    assert set(names()) <= {row[0].strip("`") for row in ROWS}


@pytest.mark.parametrize(
    ("component", "stages"),
    [("T5", ("t5",)), ("STDiT", ("stdit",)), ("VAE", ("vae_temporal", "vae_spatial"))],
)
def test_components_are_as_large_as_the_page_says(whole, component, stages):
    chosen = [row for row in whole.stages if row.name in stages]
    (row,) = (row for row in ROWS if row[0] == component)
    variants = [blocks for stage in chosen for blocks in stage.alternatives.values()]
    packages = [str(len(blocks)) for blocks in (*(stage.blocks for stage in chosen), *variants)]
    parameters = sum(stage.parameters for stage in chosen)
    sizes = [f"{4 * parameters / unit:.2f}" for unit in (10**9, 2**30)]
    assert row[1:5] == [" + ".join(packages), f"{parameters:,}", *sizes]


@pytest.mark.parametrize("row", [row for row in ROWS if re.fullmatch(r"\d+x\d+", row[1])])
def test_videos_have_the_sizes_that_the_page_says(row):
    resolution, *rest = re.findall(r"`([^`]+)`", row[0])
    video = parse_video(resolution, *rest)
    latent = "x".join(map(str, video.latent))
    pixels = f"{video.height}x{video.width}"
    assert row[1:] == [pixels, str(video.frames), latent, str(video.latent.tokens)]
