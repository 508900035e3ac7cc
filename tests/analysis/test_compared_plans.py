"""Two plans, against figures worked out by hand."""

from fractions import Fraction

import pytest
from compared import FIVE, by_name, seen
from strategies import make_chunk, make_pipeline, make_stage

from devsim.analysis.comparison.comparison import Choice, Setting
from devsim.analysis.comparison.plans import compare_plans
from devsim.core.errors import BadInputError
from devsim.core.pipeline import Chunk
from devsim.core.plan import Plan, Prediction, Residency


def predicted(makespan=1000, peak=50, **stalls):
    return Prediction(
        makespan_ns=makespan,
        peak_bytes=peak,
        load_busy_ns=300,
        compute_busy_ns=900,
        stalls_ns=stalls,
    )


def plan(stages, residency, prediction, **changed):
    values = {"budget_bytes": 100, "read_bytes": 70, "policy": "planned"} | changed
    return Plan(
        schema_version=1,
        device="paper",
        shape="none",
        profile_digest="d",
        environment={},
        pipeline=make_pipeline(*stages),
        residency=residency,
        prediction=prediction,
        lower_bound_ns=1,
        baselines=(),
        **values,
    )


def chunk(*blocks, variant=""):
    return Chunk(blocks=blocks, cost=make_chunk().cost, variant=variant)


def test_what_two_plans_decide_and_come_to():
    before = plan(
        [make_stage(chunk("a", "b"), chunk("c"), chunk("d"), iterations=3)],
        [Residency(resident=(1,), window=1)],
        predicted(1000, 50, load=60, memory=40),
    )
    after = plan(
        [make_stage(chunk("a"), chunk("b"), chunk("c", variant="int8"), chunk("d"), iterations=3)],
        [Residency(resident=(), window=2)],
        predicted(1100, 40, load=150, policy=50),
        budget_bytes=80,
        read_bytes=140,
    )
    found = compare_plans(before, after)
    assert [each for each in found.choices if not each.same] == [
        Choice("stage", "variant", ("v",), ("v", "c int8")),
        Choice("stage", "chunks", ("a..b", "c", "d"), ("a", "b", "c", "d")),
        Choice("stage", "residents", ("c",), ()),
        Choice("stage", "window", ("1",), ("2",)),
    ]
    assert [each for each in found.settings if not each.same] == [
        Setting("budget", "100 B", "80 B")
    ]
    assert {name: seen(each) for name, each in by_name(found.totals).items()} == {
        "makespan": (1000, 1100),
        "peak": (50, 40),
        "load busy": (300, 300),
        "compute busy": (900, 900),
        "stalls: load": (60, 150),
        "stalls: memory": (40, 0),
        "stalls: policy": (0, 50),
        "bytes read": (70, 140),
    }
    assert [each.name for each in found.regressions(FIVE)] == ["makespan"]
    assert [each.name for each in compare_plans(after, before).regressions(FIVE)] == ["peak"]
    assert found.regressions(Fraction(10, 100)) == []


def test_phases_stand_beside_their_own_and_iterations_are_a_setting():
    one = [make_stage(chunk("a"), iterations=30)]
    two = [
        make_stage(chunk("a"), iterations=10, variant="tdtm"),
        make_stage(chunk("a"), iterations=6, first=10),
    ]
    stays = Residency(resident=(0,), window=1)
    found = compare_plans(plan(one, [stays], predicted()), plan(two, [stays] * 2, predicted()))
    differing = [each for each in found.choices if not each.same]
    assert differing[0] == Choice("stage", "variant", ("v",), ("tdtm",))
    assert {each.stage for each in differing[1:]} == {"stage from iteration 10"}
    assert Setting("iterations of stage", "30", "16") in found.settings


def test_the_budget_is_the_one_asked_for():
    made = [[make_stage(chunk("a"))], [Residency(resident=(0,), window=1)], predicted()]
    found = compare_plans(plan(*made), plan(*made, offered_bytes=1200))
    assert Setting("budget", "100 B", "1,200 B") in found.settings


def test_plans_of_other_blocks_are_refused_and_old_ones_read():
    stays = [Residency(resident=(0,), window=1)]
    before = plan([make_stage(chunk("a", "b"))], stays, predicted())
    with pytest.raises(BadInputError, match="no block 'b' in AFTER"):
        compare_plans(before, plan([make_stage(chunk("a"))], stays, predicted()))
    first = plan([make_stage(chunk("a", "b"))], stays, predicted(), read_bytes=0)
    assert "bytes read" not in by_name(compare_plans(first, before).totals)
