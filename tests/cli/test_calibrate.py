"""``devsim calibrate`` on the command line: what it prints, writes and refuses."""

import json
from pathlib import Path

import pytest

from devsim.core.profile import Profile
from devsim.core.shipped import profiles_folder

ROOT = Path(__file__).parents[2]
SHIPPED = profiles_folder() / "open-sora-v1.2"
LINUX = SHIPPED / "linux-x86_64-2cpu-4x8x8.json"
TRACE = ROOT / "traces" / "stdit-8-pairs-measured.json.gz"

TOTALS = """
schema_version = 1
title = "one made-up total"
budget_bytes = 3300000000
[[runs]]
stages = ["t5"]
policy = "serial"
group = "t5"
[[runs.figures]]
name = "T5 in all"
quantity = "whole"
seconds = 200
spread = 0.02
source = "made up"
"""


@pytest.fixture
def totals(tmp_path):
    def write(text=TOTALS):
        path = tmp_path / "totals.toml"
        path.write_text(text)
        return path

    return write


def test_totals_become_a_profile(devsim, totals, tmp_path):
    made = tmp_path / "made.json"
    result = devsim(
        "calibrate",
        "--profile",
        SHIPPED / "iphone15pro-256x256.json",
        "--totals",
        totals(),
        "-o",
        made,
        "--json",
    )
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert [each["name"] for each in found["observations"]] == ["T5 in all"]
    assert abs(found["observations"][0]["error"]) < 0.02  # the stated spread
    assert found["cannot_tell_apart"]
    written = Profile.read(made)
    assert {each.name for each in written.fitted} == set(found["parameters"])
    assert "one made-up total" in written.sources["calibrated"].text


def test_a_trace_is_read_and_nothing_certain_changes(devsim, tmp_path):
    made = tmp_path / "made.json"
    result = devsim("calibrate", "--profile", LINUX, "--trace", TRACE, "-o", made, "--json")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    contention = found["changes"]["load_contention"]
    assert contention["low"] <= contention["before"] <= contention["high"]
    assert not contention["changed"]
    assert Profile.read(made).contention == Profile.read(LINUX).contention


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (('stages = ["t5"]', 'stages = ["t6"]'), "the profile has no stage 't6'; its stages are"),
        (('policy = "serial"', 'policy = "magic"'), "unknown policy 'magic'; use one of"),
        (("seconds = 200", "seconds = -2"), "runs.0.figures.0.seconds: "),
        (("schema_version = 1", "schema_version = 9"), "schema_version is 9"),
        (("[[runs]]", "[[runs"), "is not TOML"),
        (('title = "', 'colour = "red"\ntitle = "'), "colour: "),
        (
            ("[[runs]]", "[parameters.speed]\nlow = 1\nhigh = 2\nsource = 's'\n[[runs]]"),
            "there is no parameter 'speed'; use one of",
        ),
    ],
)
def test_a_bad_file_of_totals_is_one_line(devsim, totals, tmp_path, change, complaint):
    made = tmp_path / "made.json"
    path = totals(TOTALS.replace(*change, 1))
    shipped = SHIPPED / "iphone15pro-256x256.json"
    result = devsim("calibrate", "--profile", shipped, "--totals", path, "-o", made)
    assert result.returncode == 2
    assert complaint in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not made.exists()


def test_a_profile_with_nothing_to_fit_to_is_refused(devsim):
    result = devsim("calibrate", "--profile", SHIPPED / "iphone15pro-256x256.json")
    assert result.returncode == 2
    assert "give --totals" in result.stderr


def test_an_output_is_not_overwritten(devsim, totals, tmp_path):
    made = tmp_path / "made.json"
    made.write_text("mine")
    result = devsim("calibrate", "--profile", LINUX, "--trace", TRACE, "-o", made)
    assert result.returncode == 2
    assert "add --force" in result.stderr
    assert made.read_text() == "mine"
