"""The shipped iPhone profile under every published combination of the app's methods."""

import json
from itertools import product

import pytest
from typer import Typer
from typer.testing import CliRunner

from devsim.cli.simulate import command
from devsim.core.chrome import read_trace

APP = Typer()
APP.command()(command)
ASKED = ("--workload", "open-sora-v1.2", "--device", "iphone15pro", "--frames", "68")
STEPS = ("--steps", "30", "--policy", "on-device-sora")
METHODS = list(product([(), ("--lpl-step", "15")], [(), ("--tdtm-steps", "30")], ["", "no-"]))


def simulated(*args):
    result = CliRunner().invoke(APP, [*args, "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    return json.loads(result.stdout)


@pytest.mark.parametrize("resolution", ["192x192", "256x256"])
@pytest.mark.parametrize(("leap", "merge", "no"), METHODS)
def test_every_combination_runs(resolution, leap, merge, no):
    ci_dl = (f"--{no}ci", f"--{no}dl")
    told = simulated(*ASKED, *STEPS, "--resolution", resolution, *leap, *merge, *ci_dl)
    iterations = {name: stage["iterations"] for name, stage in told["stages"].items()}
    calls = 16 if leap else 30
    assert iterations == {"t5": 1, "stdit": calls, "vae_temporal": 4, "vae_spatial": 17}
    assert told["peak_bytes"] <= told["budget_bytes"] == 3_300_000_000
    stages = told["stages"].values()
    # seconds are whole nanoseconds: four of them add up to within half a nanosecond each
    assert sum(stage["seconds"] for stage in stages) == pytest.approx(told["makespan_s"], abs=4e-9)
    assert sum(stage["stall_s"] for stage in stages) == pytest.approx(
        sum(told["stalls"].values()), abs=8e-9
    )
    assert all(
        stage["compute_s"] + stage["stall_s"] == pytest.approx(stage["seconds"], abs=2e-9)
        for stage in stages
    )


def test_each_method_makes_the_video_sooner():
    def makespan(*options):
        return simulated(*ASKED, *STEPS, "--resolution", "256x256", *options)["makespan_s"]

    plain = makespan("--no-ci", "--no-dl")
    for options in (["--ci", "--no-dl"], ["--no-ci", "--dl"]):
        assert makespan(*options) < plain
    neither = ["--no-ci", "--no-dl"]
    assert makespan(*neither, "--lpl-step", "15") < plain
    assert makespan(*neither, "--tdtm-steps", "30") < plain


def test_vae_loads_every_package_every_time(tmp_path):
    path = tmp_path / "trace.json.gz"
    simulated(*ASKED, *STEPS, "-o", str(path))
    loads = [s for s in read_trace(path).spans if s.kind == "load" and s.stage.startswith("vae")]
    assert len(loads) == 4 * 9 + 17 * 9  # 189 a video


def test_runs_give_percentiles(tmp_path):
    told = simulated(*ASKED, *STEPS, "--sampling", "draw", "--seed", "3", "--runs", "5")
    assert (told["runs"]["count"], told["runs"]["first_seed"]) == (5, 3)
    assert list(told["runs"]["makespan_s"]) == ["p5", "p50", "p90", "p95", "p99"]


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        ([], "neither `device` nor `profile` is given"),
        ([*ASKED, "--policy", "greedy"], "unknown policy 'greedy'"),
        ([*ASKED, "--runs", "3"], "all runs would be the same"),
        (["plan.json", "--policy", "serial"], "`policy` beside a plan"),
        (["plan.json", "--tdtm-steps", "3"], "`tdtm_steps` beside a plan"),
        (["plan.json", "--lpl-step", "0"], "`lpl_step` beside a plan"),
        (["plan.json", "--frames", "68"], "`frames` beside a plan"),
        (["plan.json", "--ci"], "`ci` beside a plan"),
        (["plan.json", "--no-ci"], "`ci` beside a plan"),
        (["plan.json", "--no-dl"], "`dl` beside a plan"),
        (["plan.json", "--profile", "profile.json"], "`profile` beside a plan"),
        ([*ASKED, "--policy", "serial", "--ci"], "`ci` is of on-device-sora"),
        ([*ASKED, "--policy", "strided", "--no-dl"], "`dl` is of on-device-sora"),
    ],
)
def test_wrong_use_is_one_line(args, problem):
    result = CliRunner().invoke(APP, args)
    assert problem in str(result.exception)
    assert "\n" not in str(result.exception)
    assert result.exception.exit_status == 2
