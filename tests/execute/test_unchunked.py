"""A plan's outputs against the model that its blocks were split from, however that is given."""

import coremltools as ct
import numpy as np
import pytest

from devsim.convert.mil.chunks import join_chunks
from devsim.convert.mil.split import IntoBlocks, split_package
from devsim.core.errors import BadInputError
from devsim.execute.arrays import random_array
from devsim.execute.campaign import run_campaign
from devsim.execute.inputs import stage_inputs
from devsim.execute.measure import Effort
from devsim.execute.measured import Conditions, profile_folder
from devsim.execute.models import Models
from devsim.execute.requests import Setting
from devsim.execute.unchunked import open_unchunked, run_unchunked
from devsim.planner.planner import plan

mb = ct.converters.mil.Builder


def save(path, seed=0, unused=False, grow=0.0):
    rng = np.random.default_rng(seed)
    spec = [mb.TensorSpec((4, 16))] + [mb.TensorSpec((2,))] * unused

    def layers(x, *unread):
        for _ in range(6):
            weight = (rng.standard_normal((16, 16)) / 4 + grow).astype(np.float32)
            x = mb.relu(x=mb.linear(x=x, weight=weight))
        return mb.identity(x=x, name="result")

    def one(x):
        return layers(x)

    def two(x, spare):
        return layers(x, spare)

    made = mb.program(input_specs=spec, opset_version=ct.target.iOS17)(two if unused else one)
    ct.convert(
        made,
        pass_pipeline=ct.PassPipeline.EMPTY,
        skip_model_load=True,
        minimum_deployment_target=ct.target.iOS17,
    ).save(str(path))
    return path


def setting(models):
    return Setting(models=models, runtime="reference", threads=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("mlp")


@pytest.fixture(scope="module")
def package(folder):
    return save(folder / "m.mlpackage")


@pytest.fixture(scope="module")
def blocks(package, folder):
    split_package(package, folder / "blocks", IntoBlocks(5))
    return folder / "blocks"


@pytest.fixture(scope="module")
def made(blocks, folder):
    effort = Effort(cold_samples=1, samples=1, warmup=0)
    return plan(profile_folder(setting(blocks), effort, folder / "part", lambda *at: None), 10**9)


def check(made, models, original):
    return run_campaign(
        made,
        setting(models),
        1,
        (),
        Conditions(),
        lambda recording, label: lambda *at: None,
        unchunked=original,
    ).outputs


def test_chunks_equal_the_package_that_was_split(made, package, blocks, folder):
    join_chunks(made, blocks, folder / "chunks")
    assert check(made, folder / "chunks", package).equal


def test_blocks_equal_a_folder_of_the_model_as_one_block(made, package, blocks, folder):
    split_package(package, folder / "whole", IntoBlocks(1))
    assert check(made, blocks, folder / "whole").equal


def test_another_model_is_not_equal(made, blocks, folder):
    other = save(folder / "other.mlpackage", seed=1)
    outputs = check(made, blocks, other)
    assert not outputs.equal
    assert not outputs.match


def test_an_input_that_no_operation_reads_is_given_all_the_same(made, blocks, folder, runtime):
    """A split drops it, but the package itself asks for it."""
    original = open_unchunked(save(folder / "spare.mlpackage", unused=True), made.pipeline, runtime)
    parts = Models.open(blocks)
    ours = run_unchunked(made.pipeline, parts, runtime, stage_inputs(parts))
    whole = run_unchunked(made.pipeline, original, runtime, stage_inputs(original))
    assert ours.digests()[0].digests == whole.digests()[0].digests


def test_a_model_of_other_inputs_is_refused_by_name(made, blocks, folder, runtime):
    parts = Models.open(blocks)
    given = {"m": {"another": np.zeros(3, np.float32)}}
    with pytest.raises(BadInputError, match="takes 'x', which the plan's packages do not"):
        run_unchunked(made.pipeline, parts, runtime, given)


def test_one_package_is_not_a_plan_of_several_stages(made, package, runtime):
    (stage,) = made.pipeline.stages
    two = made.pipeline.model_copy(
        update={"stages": (stage, stage.model_copy(update={"name": "n"}))}
    )
    with pytest.raises(BadInputError, match="is one package, and the plan has 2 stages"):
        open_unchunked(package, two, runtime)


def test_outputs_that_are_not_finite_are_counted(made, package, folder, tmp_path):
    """Weights so large that the numbers run over, in the plan's run and in the model alike."""
    huge = save(folder / "huge.mlpackage", grow=1e20)
    split_package(huge, tmp_path / "huge", IntoBlocks(2))
    effort = Effort(cold_samples=1, samples=1, warmup=0)
    profile = profile_folder(setting(tmp_path / "huge"), effort, tmp_path / "p", lambda *at: None)
    outputs = check(plan(profile, 10**9), tmp_path / "huge", None)
    assert outputs.equal
    ((name, count),) = outputs.not_finite.items()
    assert name.endswith("/result")
    x, rng = random_array("x", (4, 16), "float32"), np.random.default_rng(0)
    with np.errstate(all="ignore"):
        for _ in range(6):
            weight = (rng.standard_normal((16, 16)) / 4 + 1e20).astype(np.float32)
            x = np.maximum(x @ weight.T, 0)
    assert count == f"{np.count_nonzero(~np.isfinite(x))} of 64"
    assert not count.startswith("0")
