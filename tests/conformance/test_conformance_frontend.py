"""coremltools' torch front-end tests on the reference runtime; see docs/operations.md."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("coremltools")
pytest.importorskip("torch")
pytest.importorskip("scipy")
pytest.importorskip("pandas")
pytest.importorskip("PIL")
pytest.importorskip("parameterized")

from conformance import document, frontend, sampling
from conformance.comparison import Case
from conformance.records import Outcome
from conformance.runner import Selection, run
from conformance.suite import FRONTEND

# Each test was once failed by the runtime, and has a case of its own here.
CASES = (
    "test_torch_conversion_api.py::TestTorchInputs::test_torch_enumerated_shapes#0",
    "test_torch_conversion_api.py::TestTorchInputs::test_torch_optional_input#0",
    "test_torch_conversion_api.py::TestTorchInputs::test_torch_outofbound_range_dim#0",
    "test_torch_ops.py::TestLSTMWithPackedSequence::test_lstm#0",
    "test_torch_ops.py::TestStack::test_stack_dynamic_range_dim#0",
)
WRAPPED = "test_torch_ops.py::TestIndexPut::test_index_put_negative_indices_case_2#7"


@pytest.mark.parametrize("target", document.FRONTEND_TARGETS)
def test_cases_that_failed_once_pass_and_do_not_run_again(tmp_path: Path, target: str) -> None:
    sample, path = tmp_path / "sample.txt", tmp_path / "results.jsonl"
    cases = {*CASES, WRAPPED} if target else set(CASES)
    sample.write_text("\n".join(cases))
    selection = Selection(FRONTEND, sample=sample, target=target)
    results = run(selection, path, lambda _: None)
    assert {record.case for record in results} == cases
    assert [r for r in results if r.outcome is not Outcome.PASSED] == []
    before = path.read_text()
    assert run(selection, path, lambda _: None) == results
    assert path.read_text() == before


def test_a_larger_sample_holds_a_smaller_one() -> None:
    names = [f"test.py::TestAdd::test#{i}" for i in range(400)]
    small, large = (sampling.chosen(names, 1, None, most) for most in (20, 50))
    assert (len(small), len(large)) == (20, 50)
    assert set(small) < set(large)
    assert set(sampling.chosen(names, 1, None, 1000)) == set(names)


def test_a_prediction_that_is_compared_holds_at_either_tolerance() -> None:
    case = Case(prediction={"out": np.array([10.0, 0.4])})
    comparing = frontend._watched(np.testing.assert_allclose, lambda: case)
    comparing(case.prediction["out"], np.array([10.0, 0.0]), atol=0.5)
    assert (case.held, case.strict) == (True, False)
    comparing(np.zeros(1), np.zeros(1))
    assert case.held
    with pytest.raises(AssertionError):
        comparing(case.prediction["out"], np.array([10.0, 0.0]), atol=0.1)
    assert not case.held


@pytest.mark.parametrize("target", document.FRONTEND_TARGETS)
def test_the_recorded_results_meet_the_aim(target: str) -> None:
    totals = json.loads(document.frontend_file(target).read_text(encoding="utf-8"))["totals"]
    compared, passed, *_ = (sum(column) for column in zip(*totals.values(), strict=True))
    assert compared > 500
    assert passed >= 0.995 * compared
