"""The shipped profile of the iPhone: made again from its parameters, and as the page says."""

import re
import statistics
from pathlib import Path

import pytest

from devsim.calibration.device_model import with_costs
from devsim.calibration.forward import predict
from devsim.calibration.totals import Totals
from devsim.core.profile import Profile
from devsim.core.shipped import profile_path, profiles_folder

ROOT = Path(__file__).parents[2]
TOTALS = profiles_folder() / "open-sora-v1.2" / "iphone15pro-published.toml"


@pytest.fixture(scope="module")
def shipped():
    return Profile.read(profile_path("open-sora-v1.2", "iphone15pro"))


@pytest.fixture(scope="module")
def errors(shipped):
    """The signed error on every published figure, by the simulator's fast evaluator."""
    totals = Totals.read(TOTALS)
    values = {fitted.name: fitted.value for fitted in shipped.fitted}
    found = {}
    for run in totals.runs:
        took = predict(shipped, run, totals.budget_bytes, values)
        for figure in run.figures:
            found[figure.name] = took[figure.quantity] / figure.seconds - 1
    return found


def page_rows():
    """Figure, observed, fitted, error and whether it was kept, from docs/calibration.md."""
    text = (ROOT / "docs" / "calibration.md").read_text()
    row = r"^\| ([^|]+) \| ([\d.,]+) \| ([\d.,]+) \| ([+-][\d.]+) % \| (\w[\w ]*) \|$"
    return re.findall(row, text, re.MULTILINE)


def test_the_profile_is_made_of_its_parameters(shipped, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    tool = __import__("build_iphone15pro_profile")
    values = {fitted.name: fitted.value for fitted in shipped.fitted}
    assert with_costs(tool.uncalibrated(), values).stages == shipped.stages


def test_the_page_states_the_error_on_every_published_figure(errors):
    rows = page_rows()
    assert [name for name, *_ in rows] == list(errors)
    for name, _, _, error, _ in rows:
        assert float(error) == pytest.approx(100 * errors[name], abs=0.051)  # one decimal


def test_consistent_figures_are_met_within_the_bar(errors):
    kept = [name for name, _, _, _, verdict in page_rows() if verdict == "consistent"]
    assert len(kept) >= 9
    assert statistics.median(abs(errors[name]) for name in kept) <= 0.05


def test_every_parameter_is_plausible_and_has_an_interval(shipped):
    ranges = Totals.read(TOTALS).parameters
    assert {fitted.name for fitted in shipped.fitted} == set(ranges)
    for fitted in shipped.fitted:
        assert ranges[fitted.name].low <= fitted.value <= ranges[fitted.name].high
        assert fitted.low < fitted.value < fitted.high


def test_nothing_claims_to_be_measured_on_an_iphone(shipped):
    assert {source.provenance for source in shipped.sources.values()} == {"modelled"}
