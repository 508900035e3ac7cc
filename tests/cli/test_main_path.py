"""convert -> profile -> plan -> simulate -> validate -> replay, as a user types it."""

import json

import pytest

TINY = ("--size", "tiny", "--latent", "2x4x4", "--stage", "stdit")
FROM_PROFILE = ("--profile", "profile.json", "--budget", "1GB")


@pytest.fixture(scope="module")
def work(devsim, tmp_path_factory):
    """A folder with everything that the path makes, and what each verb printed."""
    folder = tmp_path_factory.mktemp("path")
    printed = {}
    for verb, *args in [
        ("convert", "open-sora-v1.2", "-o", "models", *TINY),
        ("profile", "models", "-o", "profile.json", "--samples", "2", "--cold-samples", "1"),
        ("plan", *FROM_PROFILE, "--iterations", "stdit=3", "-o", "plan.json"),
        ("simulate", "plan.json", "-o", "simulated.json"),
        ("validate", "plan.json", "--models", "models", "--runs", "2", "-o", "measured.json.gz"),
        ("replay", "measured.json.gz"),
    ]:
        result = devsim(verb, *args, "--json", cwd=folder)
        assert result.returncode == 0, result.stderr
        printed[verb] = json.loads(result.stdout)
    return folder, printed


def test_converted_blocks_are_in_the_manifest(work):
    folder, printed = work
    blocks = [block["name"] for block in printed["convert"]["stages"][0]["blocks"]]
    assert blocks == ["part1", "st_00", "st_01", "part2"]
    assert all((folder / "models" / "stdit" / f"{name}.mlpackage").is_dir() for name in blocks)


def test_an_interrupted_profile_leaves_nothing_once_it_is_whole(work):
    folder, _ = work
    assert not (folder / "profile.json.part").exists()


def test_plan_prints_what_scripts_need(work):
    _, printed = work
    plan = printed["plan"]
    assert {"makespan_s", "peak_bytes", "budget_bytes", "lower_bound_s", "gap"} <= plan.keys()
    assert plan["peak_bytes"] <= plan["budget_bytes"] == 10**9
    assert plan["lower_bound_s"] <= plan["makespan_s"]
    assert plan["stages"]["stdit"]["iterations"] == 3
    assert {"serial", "on-device-sora", "strided"} <= plan["baselines"].keys()


def test_simulation_says_what_the_plan_says(work):
    _, printed = work
    assert printed["simulate"]["makespan_s"] == printed["plan"]["makespan_s"]
    assert printed["simulate"]["stalls"] == printed["plan"]["stalls"]


def test_validation_compares_every_run(work):
    _, printed = work
    validated = printed["validate"]
    assert validated["predicted"]["makespan_s"] == printed["plan"]["makespan_s"]
    assert len(validated["measured"]["makespan_s"]) == 2
    assert validated["outputs_match"]
    assert not validated["budget_exceeded"]


def test_replay_accounts_for_the_whole_makespan(work):
    _, printed = work
    told = printed["replay"]
    assert told["origin"] == "measured"
    accounted = told["compute_busy_s"] + sum(told["stalls"].values())
    assert accounted == pytest.approx(told["makespan_s"], abs=1e-9)  # sums of whole ns


def test_nothing_is_overwritten_unless_forced(work, devsim):
    folder, _ = work
    before = (folder / "plan.json").read_bytes()
    args = ("plan", "--profile", "profile.json", "--budget", "2GB", "-o", "plan.json")
    refused = devsim(*args, cwd=folder)
    assert refused.returncode == 2
    assert "plan.json: already exists; add --force" in refused.stderr
    assert (folder / "plan.json").read_bytes() == before


def test_terminal_output_fits_80_columns(work, devsim):
    import os

    folder, _ = work
    env = {**os.environ, "COLUMNS": "80"}
    for args in (
        ("plan", *FROM_PROFILE),
        ("replay", "measured.json.gz"),
        ("devices",),
    ):
        shown = devsim(*args, cwd=folder, env=env)
        assert shown.returncode == 0
        assert max(len(line) for line in shown.stdout.splitlines()) <= 80
