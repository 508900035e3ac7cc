"""``devsim plan``: what it prints and writes, and what it says to what it cannot do."""

import json
import subprocess
import sys

import pytest
from strategies import make_profile, make_variant

BLOCKS = [make_variant(resident=10, cold=20, cached=20, compute=10) for _ in range(6)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("plan")
    make_profile((4, BLOCKS)).write(made / "profile.json")
    return made


def run(folder, *words, budget="40"):
    command = [sys.executable, "-m", "devsim", "plan", "--profile", "profile.json"]
    return subprocess.run(
        [*command, "--budget", budget, *words], cwd=folder, capture_output=True, text=True
    )


def test_json_has_what_scripts_need_and_the_same_plan_every_time(folder):
    asked = ("--json", "--explain", "--sensitivity", "--force", "-o", "plan.json")
    first = run(folder, *asked)
    assert first.returncode == 0, first.stderr
    written = (folder / "plan.json").read_bytes()
    again = run(folder, *asked)
    assert (first.stdout, written) == (again.stdout, (folder / "plan.json").read_bytes())
    made = json.loads(first.stdout)
    assert made["lower_bound_s"] <= made["makespan_s"]
    assert made["peak_bytes"] <= made["budget_bytes"] == 40
    assert made["objective"] == "latency"
    assert made["stages"]["stage0"]["iterations"] == 4
    assert made["baselines"]["serial"]["makespan_s"] >= made["makespan_s"]
    assert made["explanation"]
    assert {"budget", "compute", "cached loads", "contention"} <= made["sensitivity"].keys()


def test_the_terminal_shows_the_plan_its_reasons_and_what_it_depends_on(folder):
    result = run(folder, "--explain", "--sensitivity")
    assert result.returncode == 0, result.stderr
    plan, reasons, sensitivity = (
        result.stdout.index(part)
        for part in ("policy planned", "stage0: an iteration computes", "if a figure changes")
    )
    assert plan < reasons < sensitivity
    result = run(folder, "--frontier")
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[0].split() == [
        "budget",
        "makespan",
        "no",
        "plan",
        "beats",
        "gap",
    ]


def test_frontier_is_a_table_and_a_picture(folder):
    result = run(folder, "--frontier", "--json", "-o", "frontier.svg")
    assert result.returncode == 0, result.stderr
    points = json.loads(result.stdout)["frontier"]
    assert [point["budget_bytes"] for point in points] == sorted(
        point["budget_bytes"] for point in points
    )
    assert (folder / "frontier.svg").read_text().startswith("<svg")


@pytest.mark.parametrize(
    ("words", "budget", "status", "complaint"),
    [
        ([], "9", 1, "stage0 b0 does not fit a budget of 9 B; the smallest budget that works is"),
        (["--objective", "memory"], "40", 2, "--objective memory and --makespan go together"),
        (["--makespan", "13"], "40", 2, "--objective memory and --makespan go together"),
        (["--objective", "memory", "--makespan", "x"], "40", 2, "'x' is not a duration"),
        (["--robust", "90"], "40", 2, "'90' is not a percentile"),
        (["--robust", "p90"], "40", 2, "one sample of everything"),
        (["--variant", "stage0"], "40", 2, "'stage0' is not STAGE=NAME"),
        (["--frontier", "-o", "f.json"], "40", 2, "'.json' is no kind of picture"),
        (["--objective", "io", "--robust", "p90"], "40", 2, "--robust is for --objective latency"),
        (["--robust", "p90", "--sensitivity"], "40", 2, "--robust comes with --sensitivity"),
        (["--frontier", "--explain"], "40", 2, "--frontier comes with --explain"),
    ],
)
def test_what_cannot_be_is_one_line(folder, words, budget, status, complaint):
    result = run(folder, *words, budget=budget)
    assert result.returncode == status
    assert complaint in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""
