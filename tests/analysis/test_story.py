import pytest

from devsim.analysis.story import tell
from devsim.core.stalls import Cause
from devsim.core.trace import Footprint, Kind, Span, Trace


def span(kind, position, start_ns, end_ns, waited_for=""):
    return Span(
        kind, position, "s", 0, position, f"b{position}", start_ns, end_ns, True, waited_for
    )


# load b0 0-20, compute b0 20-50, load b1 40-70 (held back by memory), compute b1 70-100
TRACE = Trace(
    origin="simulated",
    workload="w",
    policy="p",
    budget_bytes=100,
    spans=(
        span(Kind.LOAD, 0, 0, 20),
        span(Kind.COMPUTE, 0, 20, 50),
        span(Kind.LOAD, 1, 55, 70, "memory"),
        span(Kind.COMPUTE, 1, 70, 100),
    ),
    footprint=(Footprint(0, 30), Footprint(20, 40), Footprint(55, 90), Footprint(90, 10)),
)


def test_busy_fractions_add_up_to_the_lanes():
    story = tell(TRACE, columns=10)
    assert story.compute_busy == (0, 0, 1, 1, 1, 0, 0, 1, 1, 1)
    assert story.load_busy == pytest.approx((1, 1, 0, 0, 0, 0.5, 1, 0, 0, 0))


@pytest.mark.parametrize("columns", [1, 3, 7, 100])
def test_no_width_loses_time(columns):
    story = tell(TRACE, columns)
    assert sum(story.compute_busy) * 100 / columns == pytest.approx(60)
    assert sum(story.load_busy) * 100 / columns == pytest.approx(35)


def test_footprint_is_the_largest_of_each_part_also_between_samples():
    assert tell(TRACE, columns=10).footprint_bytes == (30, 30, 40, 40, 40, 90, 90, 90, 90, 10)
    assert tell(TRACE, columns=2).footprint_bytes == (40, 90)
    assert max(tell(TRACE, columns=3).footprint_bytes) == 90


def test_worst_stalls_come_longest_first_with_what_they_waited_for():
    story = tell(TRACE, columns=10)
    told = [(s.cause, s.duration_ns, s.load and s.load.name) for s in story.worst]
    assert told == [
        (Cause.PROLOGUE, 20, "b0"),
        (Cause.LOAD, 15, "b1"),
        (Cause.MEMORY, 5, "b1"),
    ]
    assert story.stalls_ns == {"prologue": 20, "load": 15, "memory": 5}


def test_a_trace_of_nothing_is_told_too():
    nothing = Trace("simulated", "w", "p", 100, (), ())
    story = tell(nothing, columns=5)
    assert story.worst == ()
    assert story.footprint_bytes == (0,) * 5
