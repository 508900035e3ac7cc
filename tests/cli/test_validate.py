"""``devsim validate`` as a user types it: verdicts, reports and exit statuses."""

import json

import pytest

from devsim.cli.conditions import conditions_of
from devsim.core.chrome import read_trace
from devsim.core.plan import Plan

KEYS = {
    "predicted",
    "measured",
    "spread",
    "makespan_error",
    "peak_error",
    "budget_exceeded",
    "outputs_match",
    "chunks",
    "explanation",
    "baselines",
}


@pytest.fixture(scope="module")
def work(devsim, tiny_models, tmp_path_factory):
    """A folder with a profile and a plan of the tiny denoiser."""
    folder = tmp_path_factory.mktemp("validate")
    samples = ("--samples", "2", "--cold-samples", "1")
    budget = ("--budget", "400MB", "--iterations", "stdit=3")
    for verb, *args in [
        ("profile", tiny_models, "-o", "profile.json", *samples),
        ("plan", "--profile", "profile.json", *budget, "-o", "plan.json"),
    ]:
        result = devsim(verb, *args, cwd=folder)
        assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture
def validate(work, devsim, tiny_models):
    def run(*args, plan="plan.json"):
        return devsim("validate", plan, "--models", tiny_models, *args, cwd=work)

    return run


def test_everything_at_once(work, validate):
    files = ("-o", "trace.json.gz", "-o", "run.report.json", "-o", "run.html")
    result = validate("--runs", "1", "--baselines", "--enforce", "--json", *files)
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert told.keys() >= KEYS
    assert told == json.loads((work / "run.report.json").read_text())
    assert told["outputs_equal"]
    assert told["baselines"].keys() == {"serial", "on-device-sora", "strided"}
    assert len(told["baselines"]["serial"]["makespan_s"]) == 1
    trace = read_trace(work / "trace.json.gz")
    assert trace.environment["page_cache"] == "keep"
    assert "watchdog" in trace.environment["hard_limit"]
    page = (work / "run.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "http" not in page  # it needs nothing else


def test_a_plan_above_its_hard_limit_is_killed_and_the_verdict_says_so(work, validate):
    held = Plan.read(work / "plan.json").pipeline.baseline_bytes
    limit = ("--enforce", "--hard-limit", str(held // 2))
    result = validate("--runs", "1", *limit, "-o", "killed.json")
    assert result.returncode == 1
    assert "killed by the" in result.stderr
    assert "it held" in result.stderr
    assert read_trace(work / "killed.json").environment["ended"] == "early"


def test_the_hard_limit_is_the_budget_asked_for_also_when_the_plan_holds_less(work):
    made = Plan.read(work / "plan.json")
    less = {"budget_bytes": made.budget_bytes - 1, "offered_bytes": made.budget_bytes}
    conditions = conditions_of(made.model_copy(update=less), True, None, None, "stop")
    assert conditions.hard_limit_bytes == made.budget_bytes


def test_a_prediction_that_is_off_by_more_than_asked_is_a_no(work, validate):
    made = Plan.read(work / "plan.json")
    stage = made.pipeline.stages[0]
    slow = tuple(
        chunk.model_copy(update={"cost": chunk.cost.model_copy(update={"compute_ns": 10 * 10**9})})
        for chunk in stage.chunks
    )
    stages = (stage.model_copy(update={"chunks": slow}),)
    pipeline = made.pipeline.model_copy(update={"stages": stages})
    wrong = made.model_copy(update={"pipeline": pipeline})
    wrong.write(work / "wrong.json")
    result = validate("--runs", "1", "--max-error", "50%", plan="wrong.json")
    assert result.returncode == 1
    assert "prediction off" in result.stdout
    assert "most of the error is in the computes" in result.stdout


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (("--max-error", "much"), "'much' is not an error to allow"),
        (("--hard-limit", "1GB"), "--hard-limit is for --enforce"),
        (("--shrink", "1GB"), "'1GB' is not SIZE@N"),
        (("--shrink", "1GB@1000"), "--shrink 1GB@1000 never happens: the plan has"),
        (("--on-pressure", "pray"), "--on-pressure pray is not known"),
        (("--page-cache", "warm"), "--page-cache warm is not known"),
        (("--cores", "first"), "'first' is not a choice of cores"),
        (("--cores", "99999"), "core 99999 cannot be used"),
        (("-o", "trace.txt"), "trace.txt: no format has this ending"),
    ],
)
def test_options_that_cannot_be_read_say_what_to_write(validate, args, problem):
    result = validate(*args)
    assert result.returncode == 2
    assert result.stderr.startswith(f"devsim: {problem}")
    assert result.stderr.count("\n") == 1
