"""A fixed sample of Apple's operation tests on the reference runtime; see docs/operations.md."""

import json
import re
from pathlib import Path

import pytest

pytest.importorskip("coremltools")
pytest.importorskip("torch")
pytest.importorskip("scipy")
pytest.importorskip("pandas")
pytest.importorskip("PIL")
pytest.importorskip("parameterized")

import conformance
from conformance import document
from conformance.records import Outcome
from conformance.runner import Selection, run

FOLDER = Path(conformance.__file__).parent
PAGE = FOLDER.parent / "docs" / "operations.md"


def test_every_case_of_the_sample_passes_at_both_tolerances(tmp_path: Path) -> None:
    sample = FOLDER / "sample.txt"
    results = run(Selection(sample=sample), tmp_path / "results.jsonl", lambda _: None)
    assert {record.case for record in results} == set(sample.read_text().split())
    assert [r for r in results if r.outcome is not Outcome.PASSED or not r.strict] == []


def test_the_tables_of_the_page_are_true() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert document.renewed(page) == page


def recorded(*without: str) -> tuple[int, int, int]:
    """Cases compared, passed and strictly passed, of every precision but those named."""
    totals = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))["totals"]
    rows = [row for precision, row in totals.items() if precision not in without]
    compared, passed, strict, *_ = map(sum, zip(*rows, strict=True))
    return compared, passed, strict


def test_the_recorded_results_meet_the_strict_aim_in_all() -> None:
    compared, _, strict = recorded()
    assert strict >= 0.96 * compared


def test_the_recorded_results_at_the_suites_tolerances_get_no_worse() -> None:
    # The aim of 98 % of all cases is missed by the mixed ones, which expect finer than a float16
    # what is computed in it (docs/operations.md); this holds what the whole run reached.
    compared, passed, _ = recorded("mixed")
    assert passed >= 0.998 * compared
    compared, passed, _ = recorded()
    assert passed >= 0.935 * compared


def test_of_the_mixed_cases_only_those_of_the_page_do_not_pass() -> None:
    rows = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))["operations"]
    missed = {
        name.removesuffix(" mixed"): compared - passed
        for name, (compared, passed, *_) in rows.items()
        if name.endswith(" mixed") and passed < compared
    }
    page = PAGE.read_text(encoding="utf-8")
    reasons = [line.split("|")[1:3] for line in page.splitlines() if ", *mixed* |" in line]
    named = {name for names, _ in reasons for name in re.findall(r"`(\w+)`", names)}
    assert set(missed) == named
    counts = [int(count.split(",")[0]) for _, count in reasons]
    assert sum(counts) == sum(missed.values())
