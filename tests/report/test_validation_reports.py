"""The three ways a validation is told: terminal, JSON and HTML."""

import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from rich.console import Console
from strategies import make_chunk, make_pipeline, make_stage

from devsim.analysis.explain import explain
from devsim.analysis.validated import Validated, speed_ups
from devsim.analysis.validation import compare
from devsim.core.plan import Residency
from devsim.policy.planned import Planned
from devsim.report.validation_html import validation_html
from devsim.report.validation_json import validation_json
from devsim.report.validation_view import show_validation, verdicts
from devsim.simulation.simulator import simulate

POLICY = Planned((Residency(resident=(), window=1),))


def pipeline(load):
    chunks = [make_chunk(f"b{n}", load=load, compute=5_000_000) for n in range(20)]
    return make_pipeline(make_stage(*chunks, iterations=3))


@pytest.fixture
def validated():
    predicted = simulate(pipeline(7_000_000), POLICY, 50)
    runs = [simulate(pipeline(load), POLICY, 50) for load in (8_000_000, 9_000_000)]
    return Validated(
        figures=compare(predicted, runs, peak_bytes=30, outputs_match=True, max_error=0.05),
        explanation=explain(pipeline(7_000_000), POLICY, 50, runs),
        speed_ups=speed_ups(runs, {"serial": runs, "strided": []}),
        equal=True,
        psnr_db=math.inf,
        environment={"cpu": "one & <only>"},
    )


def shown(validated):
    console = Console(width=80, record=True, file=None, highlight=False)
    with console.capture() as capture:
        show_validation(validated, console)
    return capture.get()


def test_the_terminal_names_what_was_wrong_and_fits_80_columns(validated):
    text = shown(validated)
    assert "most of the error is in the cached loads" in text
    assert "prediction off: makespan error" in text
    assert "within budget" in text
    assert "bit for bit" in text
    assert "and 8 more chunks" in text
    assert re.search("strided +over budget", text)
    tables = [line for line in text.splitlines() if not line.startswith(("most", "prediction"))]
    assert max(map(len, tables)) <= 80


@pytest.mark.parametrize(
    ("psnr_db", "match", "said"),
    [
        (52.34, True, "outputs match the unchunked model's: PSNR 52.3 dB"),
        (3.0, False, "wrong outputs:"),
        (-math.inf, False, "not finite"),
    ],
)
def test_outputs_that_differ_are_told_with_how_far(validated, psnr_db, match, said):
    figures = replace(validated.figures, outputs_match=match)
    other = replace(validated, figures=figures, equal=False, psnr_db=psnr_db)
    verdict = verdicts(other)[1]
    assert said in verdict.text
    assert verdict.holds == match


def test_json_is_in_seconds_and_finite(validated):
    told = json.loads(json.dumps(validation_json(validated), allow_nan=False))
    assert told["predicted"]["makespan_s"] == pytest.approx(0.007 * 60 + 0.005)
    assert told["measured"]["makespan_s"] == pytest.approx([0.485, 0.545])
    assert told["makespan_error"] == pytest.approx(0.425 / 0.515 - 1)
    assert told["chunks"][0]["cached_load"]["samples"] == 4
    assert told["baselines"]["strided"] is None
    assert told["baselines"]["serial"]["speed_up"] == 1
    assert not told["passed"]


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.text = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "path"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag != "path":
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_html_is_balanced_and_escapes_what_it_is_given(validated):
    page = Tags()
    page.feed(validation_html("a <plan>", validated))
    assert page.open == []
    assert "a <plan>" in page.text
    assert "stage b19" in page.text
    assert "one & <only>" in page.text


@pytest.mark.parametrize(("allowed", "marked"), [(False, True), (True, False)])
def test_outputs_that_are_not_finite_are_said_even_where_they_are_equal(validated, allowed, marked):
    figures = replace(validated.figures, outputs_finite=allowed, max_error=None)
    odd = replace(validated, figures=figures, not_finite={"s/v/y": "3 of 8"})
    assert any("bit for bit" in verdict.text for verdict in verdicts(odd))
    (verdict,) = (each for each in verdicts(odd) if "3 of 8 of s/v/y" in each.text)
    assert verdict.holds == allowed
    assert ("--allow-not-finite" in verdict.text) == marked
    assert figures.passed == allowed
    assert validation_json(odd)["outputs_not_finite"] == {"s/v/y": "3 of 8"}
