"""Plan files: read back whole, and consistent."""

import json

import pytest
from strategies import make_profile, make_variant

from devsim.core.errors import BadFileError
from devsim.core.plan import Plan
from devsim.planner.planner import plan


def make() -> Plan:
    blocks = [make_variant(resident=10, cold=9, cached=5, compute=3) for _ in range(4)]
    return plan(make_profile((3, blocks)), 30)


def test_plan_is_read_back(tmp_path):
    make().write(tmp_path / "plan.json")
    assert Plan.read(tmp_path / "plan.json") == make()


def test_gap_is_a_fraction_of_the_bound():
    made = make()
    prediction = made.prediction.model_copy(update={"makespan_ns": 150})
    assert made.model_copy(
        update={"prediction": prediction, "lower_bound_ns": 100}
    ).gap == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("residency", "complaint"),
    [
        ([], "residency needs one entry a stage"),
        ([{"resident": [], "window": 1}] * 2, "residency needs one entry a stage"),
        ([{"resident": [99], "window": 1}], "residency of stage stage0 names chunks it does not"),
        ([{"resident": [1, 0], "window": 1}], "residency of stage stage0 names chunks it does"),
        ([{"resident": [0, 0], "window": 1}], "residency of stage stage0 names chunks it does"),
        ([{"resident": [-1], "window": 1}], "residency.0.resident.0: Input should be greater"),
        ([{"resident": [], "window": -1}], "residency.0.window: Input should be greater"),
    ],
)
def test_residency_must_fit_the_stages(tmp_path, residency, complaint):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({**make().model_dump(mode="json"), "residency": residency}))
    with pytest.raises(BadFileError) as error:
        Plan.read(path)
    assert complaint in str(error.value)
    assert len(str(error.value).splitlines()) == 1
