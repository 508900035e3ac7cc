"""The library: each verb prints what its function gives, and results are short and drawn."""

import json
import subprocess
import sys

import pytest

import devsim
from devsim import VideoSize
from devsim.core.errors import ArgumentError, BadInputError

PHONE = {"device": "iphone15pro"}
SHORT = {"steps": 3}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api")
    devsim.plan(**PHONE, **SHORT).write(folder / "plan.json")
    devsim.plan(**PHONE, **SHORT, budget="4GB").write(folder / "larger.json")
    devsim.simulate(**PHONE, **SHORT).write(folder / "trace.json.gz")
    return folder


VERBS = [
    (["devices"], lambda _: devsim.devices()),
    (
        ["plan", "--device", "iphone15pro", "--steps", "3", "--explain"],
        lambda _: devsim.plan(**PHONE, **SHORT, explain=True),
    ),
    (
        ["plan", "--device", "iphone15pro", "--steps", "2", "--budget", "2.5GB", "--sensitivity"],
        lambda _: devsim.plan(**PHONE, steps=2, budget=2_500_000_000, sensitivity=True),
    ),
    (
        ["plan", "--device", "iphone15pro", "--latent", "20x24x24", "--objective", "io"],
        lambda _: devsim.plan(**PHONE, video=VideoSize(latent=(20, 24, 24)), objective="io"),
    ),
    (
        ["plan", "--device", "iphone15pro", "--steps", "1", "--frontier"],
        lambda _: devsim.frontier(**PHONE, steps=1),
    ),
    (["simulate", "plan.json"], lambda folder: devsim.simulate(folder / "plan.json")),
    (
        ["simulate", "--device", "iphone15pro", "--policy", "strided", "--steps", "3"],
        lambda _: devsim.simulate(**PHONE, **SHORT, policy="strided"),
    ),
    (["replay", "trace.json.gz"], lambda folder: devsim.replay(folder / "trace.json.gz")),
    (
        ["compare", "plan.json", "larger.json"],
        lambda folder: devsim.compare(folder / "plan.json", folder / "larger.json"),
    ),
]


@pytest.mark.parametrize(("words", "call"), VERBS, ids=[" ".join(words) for words, _ in VERBS])
def test_json_is_what_the_function_gives(folder, words, call):
    command = [sys.executable, "-m", "devsim", *words, "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = call(folder)
    assert json.loads(done.stdout) == json.loads(json.dumps(result.to_dict()))
    assert 1 <= len(repr(result).splitlines()) <= 30


def test_a_plan_simulates_as_it_predicts():
    plan = devsim.plan(**PHONE, **SHORT)
    trace = plan.simulate()
    assert trace.makespan_ns == plan.plan.prediction.makespan_ns
    assert trace.peak_bytes == plan.peak_bytes
    assert devsim.simulate(plan).makespan_s == plan.makespan_s


def test_a_profile_is_an_object_or_its_path(tmp_path):
    profile = devsim.load_profile(device="iphone15pro")
    profile.write(tmp_path / "profile.json")
    by_object = devsim.plan(profile, budget="3.3GB", **SHORT)
    assert by_object.plan == devsim.plan(tmp_path / "profile.json", budget="3.3GB", **SHORT).plan


def test_results_draw_themselves_in_a_notebook():
    assert devsim.plan(**PHONE, **SHORT)._repr_html_().startswith("<svg")
    assert devsim.frontier(**PHONE, steps=1)._repr_html_().startswith("<svg")


def test_tables(folder):
    pandas = pytest.importorskip("pandas")
    plan = devsim.plan(**PHONE, **SHORT)
    table = plan.to_pandas()
    assert table.loc["this plan", "makespan_s"] == plan.makespan_s
    assert set(table.index) == {"this plan", *plan.to_dict()["baselines"]}
    spans = devsim.replay(folder / "trace.json.gz").to_pandas()
    assert isinstance(spans, pandas.DataFrame)
    assert spans["end_ns"].max() >= spans["start_ns"].max()
    assert "ram_bytes" in set(devsim.devices().to_pandas()["figure"])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: devsim.plan(), "neither `device` nor `profile` is given"),
        (lambda: devsim.plan(**PHONE, makespan="13m"), "`objective` memory and `makespan`"),
        (lambda: devsim.plan(**PHONE, objective="speed"), "'speed' is not an objective"),
        (lambda: devsim.plan(**PHONE, robust=100), "'100' is not a percentile"),
        (lambda: devsim.plan(**PHONE, robust=90, sensitivity=True), "`robust` comes with"),
        (lambda: devsim.simulate(**PHONE, sampling="guess"), "'guess' is not a `sampling`"),
        (lambda: devsim.simulate(**PHONE, policy="serial", ci=True), "`ci` is of on-device-sora"),
        (lambda: devsim.plan(**PHONE, video=VideoSize("144p", latent=(1, 2, 2))), "`latent` comes"),
    ],
)
def test_errors_speak_of_parameters(call, said):
    with pytest.raises(ArgumentError) as error:
        call()
    assert said in str(error.value)
    assert "--" not in str(error.value)


def test_sizes_that_are_none():
    for budget in (0, -1, "much", "3.3XB"):
        with pytest.raises(BadInputError):
            devsim.plan(**PHONE, budget=budget)


def test_import_is_light_and_public_names_are_few():
    code = (
        "import sys, devsim; "
        "assert dir(devsim) == devsim.__all__, dir(devsim); "
        "print([m for m in ('torch', 'coremltools', 'simpy', 'numpy', 'pydantic', 'rich') "
        "if m in sys.modules], sys.meta_path)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip().startswith("[]"), done.stdout + done.stderr
    assert "_Sources" not in done.stdout
