"""The fast evaluator and the simulator give the same numbers, to the nanosecond and the byte."""

from drawn_runs import Shape
from hypothesis import given, settings
from strategies import Run, runs

from devsim.core.trace import Kind
from devsim.simulate.evaluate import evaluate


@settings(max_examples=1000)
@given(runs(Shape(max_iterations=25, loaders=(1,))))
def test_engines_agree_when_iterations_repeat(run: Run):
    agree(run)


@settings(max_examples=1000)
@given(runs())
def test_engines_agree(run: Run):
    agree(run)


def agree(run: Run) -> None:
    evaluation = evaluate(run.pipeline, run.policy, run.budget)
    busy_ns = run.trace.busy_ns(Kind.COMPUTE)
    assert evaluation.makespan_ns == run.trace.makespan_ns
    assert evaluation.peak_bytes == run.trace.peak_bytes
    assert evaluation.stall_ns == run.trace.makespan_ns - busy_ns
