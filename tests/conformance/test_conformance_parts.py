"""What the runner of Apple's operation tests is made of."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("coremltools")

from conformance import records, sampling, summary
from conformance.comparison import Case, observed
from conformance.records import Outcome, Record


def _record(case: str, outcome: Outcome = Outcome.PASSED, strict: bool = True) -> Record:
    return Record(case, "add", "fp16", outcome, strict)


def test_the_latest_record_of_a_case_counts(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    assert records.read(path) == []
    for record in (_record("b"), _record("a", Outcome.FAILED), _record("a")):
        records.append(path, record)
    assert records.read(path) == [_record("a"), _record("b")]


def test_a_case_that_never_predicted_is_not_counted() -> None:
    results = [
        _record("a"),
        _record("b", Outcome.UNCOMPARED, False),
        _record("c", Outcome.FAILED, True),
        _record("d", Outcome.UNSUPPORTED, False),
    ]
    assert summary.counts(results) == summary.Counts(
        compared=3, passed=1, strict=2, failed=1, unsupported=1
    )


def test_the_summary_names_every_case_that_did_not_pass(tmp_path: Path) -> None:
    results = [
        _record("test#0"),
        _record("test#1", strict=False),
        _record("test#2", Outcome.FAILED),
        _record("test#3", Outcome.FAILED),
    ]
    summary.write(results, 9, tmp_path / "results.json")
    content = json.loads((tmp_path / "results.json").read_text())
    assert (content["cases"], content["run"]) == (9, 4)
    assert content["operations"] == {"add fp16": [4, 2, 3, 2, 0]}
    assert {key: value["cases"] for key, value in content["not passed"].items()} == {
        "test fp16 passed, not strictly right": [1],
        "test fp16 failed, strictly right": [2, 3],
    }
    assert summary.table(results).splitlines()[-1].split() == ["all", "4", "2", "3", "2", "0"]


def test_one_case_in_so_many_is_the_same_in_every_run(tmp_path: Path) -> None:
    names = [f"test.py::TestAdd::test#{i}" for i in range(400)]
    some = sampling.chosen(names, 20, None)
    assert 5 < len(some) < 60
    assert some == sampling.chosen(names, 20, None)
    assert sampling.chosen(names, 1, None) == names
    sample = tmp_path / "sample.txt"
    sample.write_text(f"{names[3]}\n")
    assert sampling.chosen(names, 1, sample) == [names[3]]


def test_the_sample_has_a_passed_case_of_every_operation_and_precision() -> None:
    results = [_record("a"), _record("b"), _record("c", Outcome.FAILED), _record("d", strict=False)]
    results.append(Record("e", "mul", "fp32", Outcome.PASSED, True))
    (first, last) = sampling.spread(results)
    assert first in ("a", "b")
    assert last == "e"


@pytest.mark.parametrize(
    ("given", "expected", "strict"),
    [
        (np.array([10.0, 0.05]), np.array([10.0, 0.0]), True),
        (np.array([10.0, 0.2]), np.array([10.0, 0.0]), False),
        (np.array([0.0]), np.array([0.001]), False),
        (np.array([np.nan, np.inf]), np.array([np.nan, np.inf]), True),
        (np.array([np.nan]), np.array([1.0]), False),
        (np.array([100], np.int32), np.array([101], np.int32), False),
        (np.zeros(2), np.zeros(3), False),
    ],
)
def test_strict_is_a_hundredth_of_the_largest(
    given: np.ndarray, expected: np.ndarray, strict: bool
) -> None:
    case = Case()

    def compare(mlmodel: object, values: object, outputs: object) -> None:
        case.prediction = {"out_1": given}

    observed(compare, lambda: case)(None, {}, {"out/1": expected})
    assert case.strict == strict


def test_a_missing_output_is_not_strict() -> None:
    case = Case()

    def compare(mlmodel: object, values: object, outputs: object) -> None:
        case.prediction = {"other": np.zeros(1)}

    observed(compare, lambda: case)(None, {}, {"out": np.zeros(1)})
    assert not case.strict
