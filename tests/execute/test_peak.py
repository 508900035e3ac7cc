"""The predicted peak against real runs, where activations outweigh weights."""

import coremltools as ct
import numpy as np
import pytest

from devsim.convert.mil.chunks import join_chunks
from devsim.convert.mil.split import After, split_package
from devsim.core.errors import InfeasibleBudgetError
from devsim.core.units import parse_bytes
from devsim.execute.assemble import MARGIN_BYTES
from devsim.execute.measure import Effort
from devsim.execute.measured import Conditions, Keep, profile_folder, run_plan
from devsim.execute.recording import Recording
from devsim.execute.requests import Setting
from devsim.planner.planner import plan
from devsim.policy.named import policy_of
from devsim.simulation.simulator import simulate

mb = ct.converters.mil.Builder

SIZE, WIDTH, LEVELS = 512, 16, 3
FEATURES = SIZE * SIZE * WIDTH * 4
"""Bytes of one level: 17 MB."""


def weights(*shape):
    rng = np.random.default_rng(sum(shape))
    return (rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


@mb.program(input_specs=[mb.TensorSpec((1, 3, SIZE, SIZE))], opset_version=ct.target.iOS17)
def unet(x):
    """Every level is as large as the image, and skips over all that comes between."""
    skips = []
    for n in range(LEVELS):
        x = mb.conv(x=x, weight=weights(WIDTH, 16 if n else 3, 3, 3), pad_type="same")
        x = mb.relu(x=x, name=f"down_{n}")
        skips.append(x)
    for n, skip in enumerate(reversed(skips)):
        x = mb.conv(
            x=mb.concat(values=[x, skip], axis=1),
            weight=weights(WIDTH, 32, 3, 3),
            pad_type="same",
        )
        x = mb.relu(x=x, name=f"up_{n}")
    return mb.conv(x=x, weight=weights(3, WIDTH, 1, 1), pad_type="valid")


@pytest.fixture(scope="module")
def blocks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unet")
    ct.convert(
        unet,
        pass_pipeline=ct.PassPipeline.EMPTY,
        skip_model_load=True,
        minimum_deployment_target=ct.target.iOS17,
    ).save(str(folder / "unet.mlpackage"))
    split_package(folder / "unet.mlpackage", folder / "blocks", After(("down_0", "down_2", "up_1")))
    return folder / "blocks"


def setting(models):
    return Setting(models=models, runtime="reference", threads=1)


@pytest.fixture(scope="module")
def profile(blocks, tmp_path_factory):
    finished = tmp_path_factory.mktemp("profile") / "part"
    effort = Effort(cold_samples=1, samples=2, warmup=0)
    return profile_folder(setting(blocks), effort, finished, lambda *at: None)


def test_a_profile_lists_what_blocks_make_for_later_ones(profile):
    (stage,) = profile.stages
    assert stage.boundary_bytes.bytes == 3 * SIZE * SIZE * 4
    # The first level flows to the next block and, to be taken last of all, to the last one;
    # of the next two, one flows to the third block, of which both are taken.
    lives = sorted((t.made_by, t.taken_until) for t in stage.tensors)
    assert lives == [(0, 3), (1, 2), (1, 2), (2, 3)]
    assert {tensor.bytes for tensor in stage.tensors} == {FEATURES}


@pytest.mark.parametrize("joined", [False, True])
def test_the_peak_is_within_5_percent_of_the_runs(blocks, profile, joined, tmp_path):
    made = plan(profile, parse_bytes("2GB"))
    models = blocks
    if joined:
        join_chunks(made, blocks, tmp_path / "chunks")
        models = tmp_path / "chunks"
    run = run_plan(made, setting(models), Keep(Recording(made)), lambda *at: None)
    predicted = simulate(made.pipeline, policy_of(made), made.budget_bytes).peak_bytes
    predicted -= MARGIN_BYTES
    baseline = profile.baseline_bytes.bytes - MARGIN_BYTES
    # Of what the run adds to the process: 5 % of the whole would hide a tensor.
    assert predicted - baseline == pytest.approx(run.trace.peak_bytes - baseline, rel=0.05)


def test_the_least_budget_is_one_that_a_run_fills(blocks, profile):
    with pytest.raises(InfeasibleBudgetError) as refused:
        plan(profile, 1)
    least = refused.value.smallest_budget_bytes
    made = plan(profile, least)
    run = run_plan(
        made,
        setting(blocks),
        Keep(Recording(made)),
        lambda *at: None,
        Conditions(hard_limit_bytes=least + FEATURES // 4),
    )
    assert least - MARGIN_BYTES - FEATURES // 4 < run.trace.peak_bytes
