"""``devsim split``, and its blocks as a workload like any other."""

import json

import coremltools as ct
import numpy as np
import pytest

mb = ct.converters.mil.Builder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    rng = np.random.default_rng(0)

    @mb.program(input_specs=[mb.TensorSpec(shape=(4, 32))], opset_version=ct.target.iOS17)
    def program(x):
        for number in range(6):
            weight = rng.standard_normal((32, 32)).astype(np.float32)
            x = mb.tanh(x=mb.linear(x=x, weight=weight), name=f"layer_{number}")
        return x

    path = tmp_path_factory.mktemp("model") / "toy.mlpackage"
    package = ct.convert(
        program,
        minimum_deployment_target=ct.target.iOS17,
        compute_precision=ct.precision.FLOAT32,
        skip_model_load=True,
    )
    package.save(str(path))
    return path


def test_split_profile_plan_join_validate(model, devsim, tmp_path):
    split = devsim("split", model, "-o", "blocks", "--blocks", 3, "--json", cwd=tmp_path)
    assert split.returncode == 0, split.stderr
    told = json.loads(split.stdout)
    assert [block["name"] for block in told["blocks"]] == ["block_00", "block_01", "block_02"]
    assert len(told["cuts"]) == 2
    for line in (
        "profile blocks -o profile.json --samples 1 --cold-samples 1",
        "plan --profile profile.json --budget 2GB -o plan.json",
        "convert --plan plan.json --models blocks -o chunks",
    ):
        result = devsim(*line.split(), cwd=tmp_path)
        assert result.returncode == 0, result.stderr
    result = devsim(
        "validate", "plan.json", "--models", "chunks", "--runs", 1, "--json", cwd=tmp_path
    )
    assert json.loads(result.stdout)["outputs_match"] is True, result.stderr


def test_the_report_for_people(model, devsim, tmp_path):
    result = devsim("split", model, "-o", tmp_path / "out", "--at", "layer_1,layer_3")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("3 blocks of 12 operations")
    assert "11 legal places" in result.stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "--blocks and --at both say where to cut; give one of them"),
        (["--blocks", "2", "--at", "all"], "give one of them"),
        (["--blocks", "99"], "has 11 legal places, so at most 12 blocks"),
        (["--at", "nowhere"], "no computed value is called 'nowhere'"),
        (["--blocks", "2", "--function", "other"], "has no function 'other'"),
    ],
)
def test_wrong_use_is_one_line(model, args, said, devsim, tmp_path):
    result = devsim("split", model, "-o", tmp_path / "out", *args)
    assert (result.returncode, result.stdout) == (2, "")
    (line,) = result.stderr.strip().splitlines()
    assert said in line
    assert list(tmp_path.iterdir()) == []


def test_a_plan_needs_its_packages(devsim, tmp_path):
    result = devsim("convert", "--plan", "plan.json", "-o", "out", cwd=tmp_path)
    assert result.returncode == 2
    assert "write: devsim convert --plan PLAN --models DIR -o OUT" in result.stderr
