"""``devsim compare`` on the command line: kinds, exit statuses, what it writes and refuses."""

import gzip
import json
import os

import pytest
from strategies import make_profile, make_variant

from devsim.core.chrome import write_trace
from devsim.planner.planner import plan
from devsim.policy.planned import Planned
from devsim.simulation.simulator import simulate


def made(compute):
    block = make_variant(resident=10, cold=4000, cached=2000, compute=compute)
    return make_profile((3, [block] * 4))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The same three files twice: of a profile, and of one whose computes take 10 % longer."""
    folder = tmp_path_factory.mktemp("compared")
    for name, compute in (("before", 10_000), ("after", 11_000)):
        profile = made(compute)
        planned = plan(profile, 25)
        run = simulate(planned.pipeline, Planned(planned.residency), 25)
        profile.write(folder / f"{name}-profile.json")
        planned.write(folder / f"{name}-plan.json")
        write_trace(run, folder / f"{name}-trace.json.gz")
    return folder


KINDS = {"profile": "profile.json", "plan": "plan.json", "trace": "trace.json.gz"}


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def test_slower_is_a_regression_and_faster_is_not(kind, devsim, folder):
    before, after = f"before-{KINDS[kind]}", f"after-{KINDS[kind]}"
    worse = devsim("compare", before, after, cwd=folder)
    assert worse.returncode == 1, worse.stderr
    last = worse.stdout.splitlines()[-1]
    # a makespan has loads in it, which take as long as before, so less than 10 %
    assert last.startswith("worse by more than 5%: ")
    assert ("compute (+10.0%)" if kind == "profile" else "makespan (+") in last
    assert worse.stderr == ""
    for pair in ((after, before), (before, before)):
        result = devsim("compare", *pair, cwd=folder)
        assert result.returncode == 0, result.stderr
        assert result.stdout.splitlines()[-1] == "nothing that matters is worse by more than 5%"
    lax = devsim("compare", before, after, "--threshold", "10%", cwd=folder)
    assert lax.returncode == 0  # exactly 10 % is not more
    strict = devsim("compare", before, after, "--threshold", "0.01", cwd=folder)
    assert strict.returncode == 1


def test_json_is_all_there_is_on_stdout_and_what_is_written(kind, devsim, folder, tmp_path):
    before, after = (folder / f"{name}-{KINDS[kind]}" for name in ("before", "after"))
    out = tmp_path / "compared.json"
    result = devsim("compare", before, after, "--json", "-o", out)
    assert result.returncode == 1
    told = json.loads(result.stdout)
    assert told == json.loads(out.read_text())
    assert told["kind"] == kind
    assert told["regressed"]
    back = json.loads(devsim("compare", after, before, "--json").stdout)
    assert not back["regressed"]
    for mine, other in zip(told["totals"], back["totals"], strict=True):
        assert (mine["before"], mine["after"]) == (other["after"], other["before"])


def test_the_terminal_view_fits_80_columns(kind, devsim, folder):
    env = {**os.environ, "COLUMNS": "80"}
    pair = [f"{name}-{KINDS[kind]}" for name in ("before", "after")]
    lines = devsim("compare", *pair, cwd=folder, env=env).stdout.splitlines()
    assert max(map(len, lines)) <= 80


def test_an_output_is_overwritten_only_when_forced(devsim, folder, tmp_path):
    out = tmp_path / "out.json"
    out.write_text("mine")
    args = ("compare", "before-plan.json", "before-plan.json", "-o", out)
    refused = devsim(*args, cwd=folder)
    assert refused.returncode == 2
    assert out.read_text() == "mine"
    assert devsim(*args, "--force", cwd=folder).returncode == 0
    assert json.loads(out.read_text())["regressions"] == []


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def _truncated(folder, tmp_path):
    return write(tmp_path / "cut.json", (folder / "after-plan.json").read_bytes()[:900])


def _truncated_gz(folder, tmp_path):
    return write(tmp_path / "cut.json.gz", (folder / "after-trace.json.gz").read_bytes()[:-20])


def _not_a_number(folder, tmp_path):
    data = json.loads((folder / "after-plan.json").read_text())
    data["prediction"]["makespan_ns"] = float("nan")
    return write(tmp_path / "nan.json", json.dumps(data))


def _trace_not_a_number(folder, tmp_path):
    data = json.loads(gzip.decompress((folder / "after-trace.json.gz").read_bytes()))
    next(e for e in data["traceEvents"] if e["ph"] == "X")["args"]["end_ns"] = float("nan")
    return write(tmp_path / "nan.json", json.dumps(data))


def _other_blocks(folder, tmp_path):
    text = (folder / "after-plan.json").read_text()
    return write(tmp_path / "other.json", text.replace('"b3"', '"b4"'))


def _other_workload(folder, tmp_path):
    text = (folder / "after-plan.json").read_text()
    return write(tmp_path / "other.json", text.replace('"made"', '"mad"'))


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (_truncated, "cut.json: is not whole JSON"),
        (_truncated_gz, "cut.json.gz: cannot be read"),
        (_not_a_number, "nan.json: "),
        (_trace_not_a_number, "nan.json a trace; compare two of one kind"),
        (_other_blocks, "no block 'b3' in AFTER"),
        (_other_workload, "workload 'made', AFTER of 'mad'"),
        (lambda folder, tmp_path: folder / "after-profile.json", "a profile; compare two of one"),
        (lambda folder, tmp_path: tmp_path / "none.json", "none.json: no such file"),
        (lambda folder, tmp_path: folder, "is a folder, not a file"),
        (lambda folder, tmp_path: write(tmp_path / "l.json", "[]"), "neither a profile, a plan"),
        (lambda folder, tmp_path: write(tmp_path / "o.json", "{}"), "neither a profile, a plan"),
        (lambda folder, tmp_path: write(tmp_path / "d.json", "[" * 100_000), "is not whole JSON"),
        (lambda folder, tmp_path: write(tmp_path / "b.json", b"\xff\xfe\x00"), "is not whole JSON"),
        (lambda folder, tmp_path: write(tmp_path / "e.json", ""), "is not whole JSON"),
    ],
)
def test_what_cannot_be_compared_is_one_line(after, said, devsim, folder, tmp_path):
    path = after(folder, tmp_path)
    for pair in ((folder / "before-plan.json", path), (path, folder / "before-plan.json")):
        result = devsim("compare", *pair)
        assert result.returncode == 2, result.stderr
        assert result.stdout == ""
        assert len(result.stderr.strip().splitlines()) == 1
    first = devsim("compare", folder / "before-plan.json", path)
    assert said in first.stderr


def test_a_trace_with_a_time_that_is_no_number_is_refused(devsim, folder, tmp_path):
    path = _trace_not_a_number(folder, tmp_path)
    result = devsim("compare", folder / "before-trace.json.gz", path)
    assert result.returncode == 2
    assert "end_ns" in result.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--threshold", "much"), "--threshold much is not a share"),
        (("--threshold", "-1%"), "--threshold -1% is not a share"),
        (("--threshold", "nan"), "--threshold nan is not a share"),
        (("--threshold", "inf%"), "--threshold inf% is not a share"),
        (("-o", "out.html"), "out.html: no format has this ending"),
    ],
)
def test_wrong_options_are_one_line(args, said, devsim, folder):
    result = devsim("compare", "before-plan.json", "after-plan.json", *args, cwd=folder)
    assert result.returncode == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_one_file_is_not_enough(devsim, folder):
    assert devsim("compare", "before-plan.json", cwd=folder).returncode == 2


def test_neither_torch_nor_coremltools_is_imported_for_it(devsim, folder):
    args = ("compare", "before-plan.json", "before-plan.json")
    result = devsim(*args, cwd=folder, python=("-X", "importtime"))
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "devsim.analysis.comparison.plans" in imported
    assert not imported & {"torch", "coremltools"}
