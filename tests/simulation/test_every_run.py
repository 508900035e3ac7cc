"""What holds in every random run, each judged from its spans alone, and by both engines.

``DEVSIM_EXAMPLES=100000 pytest tests/simulation/test_every_run.py`` judges so many.
"""

from examples import examples
from hypothesis import given
from reading import footprint, holds, spans_of
from strategies import Run, runs

from devsim.core.trace import Kind
from devsim.simulation.evaluate import evaluate


@examples(2000)
@given(runs())
def test_every_run_ends_within_its_budget_and_leaves_nothing_behind(run: Run):
    held = footprint(run.pipeline, run.trace)
    assert max(held.values()) <= run.budget
    assert {sample.time_ns: sample.bytes for sample in run.trace.footprint} == held
    computes = every_compute_once_and_in_order(run)
    every_byte_loaded_is_unloaded(run, held)
    evaluation = evaluate(run.pipeline, run.policy, run.budget)
    busy_ns = sum(compute.duration_ns for compute in computes)
    assert evaluation.makespan_ns == computes[-1].end_ns == run.trace.makespan_ns
    assert evaluation.peak_bytes == max(held.values()) == run.trace.peak_bytes
    assert evaluation.stall_ns == computes[-1].end_ns - busy_ns


def every_compute_once_and_in_order(run: Run):
    """A run that could not go on would lack its last computes."""
    wanted = [
        (stage.name, stage.first_iteration + iteration, number)
        for stage in run.pipeline.stages
        for iteration in range(stage.iterations)
        for number in range(len(stage.chunks))
    ]
    computes = spans_of(run.trace, Kind.COMPUTE)
    assert [(c.stage, c.iteration, c.chunk) for c in computes] == wanted
    assert [c.position for c in computes] == list(range(len(wanted)))
    return computes


def every_byte_loaded_is_unloaded(run: Run, held: dict[int, int]) -> None:
    """Loads and unloads of a chunk take turns, and at the end only what any run holds is held."""
    stays = holds(run.pipeline, run.trace)
    assert all(hold.load.end_ns <= hold.unload.start_ns for each in stays.values() for hold in each)
    boundary = max(stage.boundary_bytes for stage in run.pipeline.stages)
    assert held[max(held)] == run.pipeline.baseline_bytes + boundary
