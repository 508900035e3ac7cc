"""The fast evaluator and the simulator give the same numbers, to the nanosecond and the byte."""

import random

from drawn_runs import Shape
from examples import examples
from hypothesis import given
from strategies import Run, runs

from devsim.core.trace import Kind
from devsim.simulate.durations import Durations
from devsim.simulate.evaluate import Evaluator, evaluate
from devsim.simulate.simulator import simulate


@examples(1000)
@given(runs(Shape(max_iterations=25, loaders=(1,))))
def test_engines_agree_when_iterations_repeat(run: Run):
    agree(run)


@examples(1000)
@given(runs())
def test_engines_agree(run: Run):
    agree(run)


@examples(200)
@given(runs())
def test_engines_agree_on_durations_of_each_activity(run: Run):
    count = sum(stage.iterations * len(stage.chunks) for stage in run.pipeline.stages)
    rng = random.Random(run.budget)
    durations = Durations(*([rng.randrange(30) for _ in range(count)] for _ in range(3)))
    trace = simulate(run.pipeline, run.policy, run.budget, durations)
    evaluation = Evaluator(run.pipeline).evaluate(run.policy, run.budget, durations)
    assert evaluation[:2] == (trace.makespan_ns, trace.peak_bytes)


def agree(run: Run) -> None:
    evaluation = evaluate(run.pipeline, run.policy, run.budget)
    busy_ns = run.trace.busy_ns(Kind.COMPUTE)
    assert evaluation.makespan_ns == run.trace.makespan_ns
    assert evaluation.peak_bytes == run.trace.peak_bytes
    assert evaluation.stall_ns == run.trace.makespan_ns - busy_ns
