"""What ends in one nanosecond is taken into account together, whichever lane comes first."""

from strategies import make_chunk, make_pipeline, make_stage

from devsim.core.plan import Residency
from devsim.core.trace import Kind
from devsim.policy.planned import Planned
from devsim.simulation.simulator import simulate

BUDGET = 60


def test_a_load_does_not_take_the_memory_of_the_compute_that_can_start_at_the_same_instant():
    chunks = [
        make_chunk("a", resident=10, load=10, compute=20, unload=50),
        make_chunk("b", resident=10, load=20, compute=5, activation=30),
        make_chunk("c", resident=10, load=10, compute=1, transient=25),
    ]
    policy = Planned((Residency(resident=(), window=2),))
    trace = simulate(make_pipeline(make_stage(*chunks)), policy, BUDGET)
    # a computes 10..30 while b loads 10..30. At 30, with a (on its way out) and b, 20 are held: b's
    # activation makes 50, the load of c would make 55, both 85. b computes first, 30..35.
    spans = {(span.kind, span.name): (span.start_ns, span.end_ns) for span in trace.spans}
    assert spans[Kind.LOAD, "b"][1] == spans[Kind.COMPUTE, "a"][1] == 30
    assert spans[Kind.COMPUTE, "b"] == (30, 35)
    assert spans[Kind.LOAD, "c"] == (35, 45)
