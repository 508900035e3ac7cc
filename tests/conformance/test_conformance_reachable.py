"""Which of the suite's cases a runtime can pass; see docs/operations.md."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("coremltools")
pytest.importorskip("torch")
pytest.importorskip("scipy")
pytest.importorskip("pandas")
pytest.importorskip("PIL")
pytest.importorskip("parameterized")

import coremltools as ct
from coremltools.converters.mil.mil import Builder, types

from conformance import reachable
from conformance.document import REACHABLE, RESULTS
from conformance.reach import reach
from conformance.records import Outcome, Reach, Record
from conformance.runner import Selection, run

RECORDED = json.loads(REACHABLE.read_text(encoding="utf-8"))
PAGE = REACHABLE.parent.parent / "docs" / "operations.md"
ATOL, RTOL = 1e-4, 1e-5
ULP = 2.0**-10  # of a float16 between 1 and 2
BELOW = ULP / 4


def converted(program: object) -> ct.models.MLModel:
    return ct.convert(
        program,
        source="milinternal",
        convert_to="mlprogram",
        compute_precision=ct.precision.FLOAT32,
        minimum_deployment_target=ct.target.iOS16,
        skip_model_load=True,
    )


@pytest.fixture(scope="module")
def models() -> Mapping[str, ct.models.MLModel]:
    """One plus a quarter of a unit in the last place of float16, in three types; and a tanh."""

    @Builder.program([Builder.TensorSpec((1,), dtype=types.fp16)], opset_version=ct.target.iOS16)
    def half(x):
        return Builder.add(x=x, y=np.array([BELOW], dtype=np.float16), name="out")

    @Builder.program([Builder.TensorSpec((1,), dtype=types.fp16)], opset_version=ct.target.iOS16)
    def cast(x):
        total = Builder.add(x=x, y=np.array([BELOW], dtype=np.float16))
        return Builder.cast(x=total, dtype="fp32", name="out")

    @Builder.program([Builder.TensorSpec((1,), dtype=types.fp32)], opset_version=ct.target.iOS16)
    def single(x):
        return Builder.add(x=x, y=np.array([BELOW], dtype=np.float32), name="out")

    @Builder.program([Builder.TensorSpec((1,), dtype=types.fp32)], opset_version=ct.target.iOS16)
    def other(x):
        return Builder.tanh(x=x, name="out")

    return {
        "half": converted(half),
        "cast": converted(cast),
        "single": converted(single),
        "other": converted(other),
    }


@pytest.mark.parametrize(
    ("model", "expected", "found"),
    [
        # A float16 is 1 or 1 + ULP, and the exact result is nearer to 1.
        ("half", 1.0, Reach.REACHED),
        ("half", 1.0 + BELOW, Reach.TYPE),
        ("half", 1.0 + ULP / 2, Reach.TYPE),
        ("half", 1.0 + ULP, Reach.ROUNDING),
        ("half", 1.0 + 2 * ULP, Reach.VALUE),
        ("half", 1.0 - ULP, Reach.VALUE),
        # A cast to float32 makes no other values of it.
        ("cast", 1.0 + BELOW, Reach.TYPE),
        ("cast", 1.0 + ULP, Reach.ROUNDING),
        # A float32 is whatever is expected, so only the exact result counts.
        ("single", 1.0 + BELOW, Reach.REACHED),
        ("single", 1.0 + ULP, Reach.VALUE),
        ("other", np.tanh(1.0), Reach.UNKNOWN),
    ],
)
def test_how_near_a_runtime_can_come(
    models: Mapping[str, ct.models.MLModel], model: str, expected: float, found: Reach
) -> None:
    wanted = {"out": np.array([expected])}

    def passes(given: Mapping[str, np.ndarray]) -> bool:
        return bool(np.isclose(given["out"], wanted["out"], atol=ATOL, rtol=RTOL).all())

    inputs = {"x": np.array([1.0], dtype=np.float32)}
    assert reach(models[model], inputs, wanted, passes, (ATOL, RTOL)) == found


def test_a_sample_is_judged_as_recorded(tmp_path: Path) -> None:
    sample = tmp_path / "sample.txt"
    sample.write_text("\n".join(RECORDED["sample"]))
    judged = run(Selection(sample=sample, judged=True), tmp_path / "results.jsonl", lambda _: None)
    assert {record.case: record.reach for record in judged} == RECORDED["sample"]
    # What can be passed is passed.
    assert [r for r in judged if (r.reach is Reach.REACHED) != (r.outcome is Outcome.PASSED)] == []


def test_every_mixed_case_that_missed_is_judged() -> None:
    operations = json.loads(RESULTS.read_text(encoding="utf-8"))["operations"]
    missed = {
        name.removesuffix(" mixed"): compared - passed
        for name, (compared, passed, *_) in operations.items()
        if name.endswith(" mixed") and passed < compared
    }
    assert {name: sum(kinds.values()) for name, kinds in RECORDED["missed"].items()} == missed


def test_no_case_that_can_be_passed_is_missed() -> None:
    assert RECORDED["could pass"] == []


def test_the_exact_results_hold_in_every_case_that_passes() -> None:
    # An exact evaluation that was wrong would miss some of these too.
    assert {kind for kinds in RECORDED["controls"].values() for kind in kinds} == {"reached"}
    assert RECORDED["controls"]["fp32"]["reached"] > 1000


def test_the_figures_of_the_page_are_those_recorded() -> None:
    passed = {name: kinds["reached"] for name, kinds in RECORDED["controls"].items()}
    finer = {name: kinds.get("type", 0) for name, kinds in RECORDED["missed"].items()}
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert f"every one of the {passed['fp32']:,} fp32 cases and {passed['mixed']} mixed" in page
    assert finer.pop("instance_norm") == 6
    assert "| 7, *mixed* | six expect finer than the float16" in page
    assert f"in {sum(finer.values())} of them expected finer than the float16" in page


def test_the_recorded_results_meet_the_aim_over_what_is_reachable() -> None:
    rates = reachable.rates(RESULTS, REACHABLE)
    assert rates.passed >= 0.98 * (rates.compared - rates.unreachable)


def test_rates_and_tests_of_recorded_results(tmp_path: Path) -> None:
    results, recorded = tmp_path / "results.json", tmp_path / "reachable.json"
    keys = ("a.py::T::one mixed failed, strictly right", "a.py::T::two fp32 failed, strictly right")
    results.write_text(
        json.dumps(
            {
                "totals": {"fp16": [50, 50, 50, 0, 0], "mixed": [50, 30, 50, 20, 0]},
                "not passed": {key: {"cases": [0]} for key in keys},
            }
        )
    )
    judged = [
        Record(f"one#{number}", "add", "mixed", Outcome.FAILED, True, reach=kind)
        for number, kind in enumerate([Reach.TYPE] * 7 + [Reach.VALUE] * 3 + [Reach.REACHED])
    ]
    reachable.write(judged, recorded)
    assert reachable.tests(results) == ["a.py::T::one"]
    rates = reachable.rates(results, recorded)
    assert rates == reachable.Rates(compared=100, passed=80, unreachable=10)
    assert (rates.over_all, rates.over_reachable) == (80 / 100, 80 / 90)
    assert json.loads(recorded.read_text())["could pass"] == ["one#10"]
    assert "could pass: one#10 (reached)" in reachable.table(judged)
