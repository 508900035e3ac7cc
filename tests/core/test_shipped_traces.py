"""The traces that come with devsim: one plan, simulated and measured."""

from pathlib import Path

from devsim.core.chrome import read_trace
from devsim.core.plan import Plan
from devsim.core.trace import Kind

TRACES = Path(__file__).parents[2] / "traces"
PLAN = Plan.read(TRACES / "stdit-8-pairs-plan.json")
SIMULATED = read_trace(TRACES / "stdit-8-pairs-simulated.json.gz")
MEASURED = read_trace(TRACES / "stdit-8-pairs-measured.json.gz")


def test_they_are_of_the_plan():
    assert SIMULATED.makespan_ns == PLAN.prediction.makespan_ns
    for trace in (SIMULATED, MEASURED):
        assert (trace.policy, trace.budget_bytes) == (PLAN.policy, PLAN.budget_bytes)


def test_simulation_and_run_did_the_same_in_the_same_order():
    for kind in (Kind.LOAD, Kind.COMPUTE):
        simulated, measured = (
            [(span.position, span.name) for span in trace.spans if span.kind is kind]
            for trace in (SIMULATED, MEASURED)
        )
        assert simulated == measured


def test_neither_was_ever_over_the_budget():
    assert SIMULATED.peak_bytes <= PLAN.budget_bytes
    assert MEASURED.peak_bytes <= PLAN.budget_bytes
    assert MEASURED.origin == "measured"
