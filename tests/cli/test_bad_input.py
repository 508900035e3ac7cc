"""Wrong use ends in one clear line, the right exit status, and nothing written."""

import json

import pytest

from devsim.core.shipped import profile_path

SHIPPED = profile_path("open-sora-v1.2", "iphone15pro")


@pytest.fixture
def profile():
    return json.loads(SHIPPED.read_text())


def edited(tmp_path, profile):
    path = tmp_path / "edited.json"
    path.write_text(json.dumps(profile))
    return path


def refused(result, status, *parts):
    assert result.returncode == status, result.stderr
    assert result.stdout == ""
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1
    for part in parts:
        assert part in lines[0]


@pytest.mark.parametrize(
    ("args", "status", "parts"),
    [
        (["plan"], 2, ["--device"]),
        (["plan", "--device", "iphone99"], 2, ["unknown device 'iphone99'", "iphone15pro"]),
        (["plan", "--device", "no.toml"], 2, ["no.toml: no such file"]),
        (["plan", "--device", "iphone15pro", "--budget", "3.3"], 1, ["does not fit"]),
        (["plan", "--device", "iphone15pro", "--budget", "-3GB"], 2, ["'-3GB' is not a size"]),
        (["plan", "--device", "iphone15pro", "--budget", "nanGB"], 2, ["'nanGB'", "3.3GB"]),
        (["plan", "--device", "iphone15pro", "--iterations", "stdit=0"], 2, ["STAGE=N"]),
        (
            ["plan", "--device", "iphone15pro", "--iterations", "vae=3"],
            2,
            ["stages are: t5, stdit, vae_temporal"],
        ),
        (["plan", "--device", "iphone15pro", "--workload", "x"], 2, ["no profile of 'x'"]),
        (["plan", "--profile", "none.json", "--budget", "1GB"], 2, ["none.json: no such file"]),
        (
            ["plan", "--device", "iphone15pro", "-o", "no/such/folder.json"],
            2,
            ["cannot be written"],
        ),
        (["simulate", "none.json"], 2, ["none.json: no such file"]),
        (["replay", "none.json"], 2, ["none.json: no such file"]),
        (["validate", "none.json", "--models", "x"], 2, ["none.json: no such file"]),
        (["profile", "nowhere", "-o", "p.json"], 2, ["nowhere/manifest.json: no such file"]),
        (["convert", "nonsense", "-o", "out"], 2, ["nonsense", "open-sora-v1.2"]),
        (["convert", "open-sora-v1.2", "-o", "out", "--latent", "4x4"], 2, ["TxHxW"]),
        (["convert", "open-sora-v1.2", "-o", "out", "--size", "huge"], 2, ["full, small, tiny"]),
    ],
)
def test_one_line_and_the_status(args, status, parts, devsim, tmp_path):
    refused(devsim(*args, cwd=tmp_path), status, *parts)
    assert list(tmp_path.iterdir()) == []


def test_infeasible_budget_names_the_smallest_that_works(devsim, tmp_path):
    plan = ("plan", "--device", "iphone15pro", "--iterations", "stdit=3")
    result = devsim(*plan, "--budget", "500MB", cwd=tmp_path)
    refused(result, 1, "t5 block_00", "does not fit a budget of 500 MB")
    smallest = int(result.stderr.partition("that works is ")[2].split()[0])
    assert devsim(*plan, "--budget", smallest, cwd=tmp_path).returncode == 0
    assert devsim(*plan, "--budget", smallest - 1, cwd=tmp_path).returncode == 1


def test_truncated_file(devsim, tmp_path):
    path = tmp_path / "cut.json"
    path.write_bytes(SHIPPED.read_bytes()[:1000])
    result = devsim("plan", "--profile", path, "--budget", "3GB", cwd=tmp_path)
    refused(result, 2, "cut.json", "is not whole JSON")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("schema_version", 99, "schema_version is 99"),
        ("workload", None, "workload"),
        ("unheard_of", 1, "unheard_of"),
        ("baseline_bytes", {"bytes": -1, "source": "assumed"}, "baseline_bytes.bytes"),
        (
            "contention",
            {"load_slowdown": 0.5, "compute_slowdown": 1, "source": "assumed"},
            "load_s",
        ),
        ("stages", [], "stages"),
        ("dispatch", {"ns": [0], "source": "who knows"}, "who knows"),
    ],
)
def test_a_profile_that_breaks_the_schema(field, value, said, profile, devsim, tmp_path):
    path = edited(tmp_path, {**profile, field: value})
    result = devsim("plan", "--profile", path, "--budget", "3GB", cwd=tmp_path)
    refused(result, 2, "edited.json", said)


def test_nan_is_refused(devsim, tmp_path):
    path = tmp_path / "nan.json"
    path.write_text(SHIPPED.read_text().replace('"load_slowdown":1.0', '"load_slowdown":NaN'))
    path.write_text(path.read_text().replace('"load_slowdown": 1.0', '"load_slowdown": NaN'))
    assert "NaN" in path.read_text()
    result = devsim("plan", "--profile", path, "--budget", "3GB", cwd=tmp_path)
    refused(result, 2, "nan.json")


def test_a_profile_of_another_device_is_not_planned_for_this_one(profile, devsim, tmp_path):
    path = edited(tmp_path, {**profile, "device": "laptop"})
    result = devsim("plan", "--device", "iphone15pro", "--profile", path, cwd=tmp_path)
    refused(result, 2, "was made on laptop, not on iphone15pro")


def test_a_json_file_that_is_no_trace(devsim, tmp_path):
    result = devsim("replay", edited(tmp_path, {"traceEvents": []}), cwd=tmp_path)
    refused(result, 2, "is not a devsim trace")


def test_an_unknown_option_is_wrong_use(devsim, tmp_path):
    assert devsim("plan", "--nonsense", cwd=tmp_path).returncode == 2


def test_a_traceback_is_shown_only_when_asked_for(devsim, tmp_path):
    quiet = devsim("replay", "none.json", cwd=tmp_path)
    loud = devsim("--debug", "replay", "none.json", cwd=tmp_path)
    assert "Traceback" not in quiet.stderr
    assert "Traceback" in loud.stderr
