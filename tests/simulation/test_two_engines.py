"""The fast evaluator and the simulator give the same numbers, to the nanosecond and the byte."""

import random

import pytest
from drawn_runs import Shape
from examples import examples
from hypothesis import given
from strategies import Run, make_chunk, make_pipeline, make_stage, runs

from devsim.core.trace import Kind
from devsim.policy.protocol import Rule
from devsim.simulation.durations import Durations
from devsim.simulation.evaluate import Evaluator, evaluate
from devsim.simulation.simulator import simulate


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


class KeepsAnother:
    """Keeps one set of chunks after the first iteration, and another after the later ones."""

    name = "keeps another"

    def __init__(self, at_first: set[int], later: set[int]) -> None:
        self._at_first, self._later = at_first, later

    def rules(self, stage: int, iteration: int, chunks: int) -> tuple[Rule, ...]:
        kept = self._later if iteration else self._at_first
        return tuple(Rule(keep=chunk in kept, window=1) for chunk in range(chunks))


def test_engines_agree_when_only_the_first_iteration_keeps_other_chunks():
    """Equal bytes are held when iterations start, but not of the same chunks."""
    chunks = [make_chunk(load=load, compute=load + 7) for load in (6, 6, 3)]
    pipeline = make_pipeline(make_stage(*chunks, iterations=8), load_ppm=300_000)
    policy = KeepsAnother({1, 2}, {0, 2})
    agree(Run(pipeline, policy, 200, simulate(pipeline, policy, 200)))


class LoadsFromAfar:
    """Keeps all chunks of the first stage, and loads the others from a distance."""

    name = "loads from afar"

    def __init__(self, distance: int) -> None:
        self._distance = distance

    def rules(self, stage: int, iteration: int, chunks: int) -> tuple[Rule, ...]:
        return (Rule(keep=stage == 0, window=9, distance=self._distance),) * chunks


@pytest.mark.parametrize("distance", range(1, 42))
def test_engines_agree_on_a_load_that_starts_some_iterations_before_its_stage(distance):
    """The second of two chunks has an activation: it counts beside which of them the load runs."""
    kept = [make_chunk(load=1, compute=10), make_chunk(load=1, compute=10, activation=7)]
    other = make_chunk(load=3, compute=10, transient=5)
    stages = make_stage(*kept, name="a", iterations=20), make_stage(other, name="b")
    pipeline, policy = make_pipeline(*stages, compute_ppm=500_000), LoadsFromAfar(distance)
    agree(Run(pipeline, policy, 100, simulate(pipeline, policy, 100)))


def agree(run: Run) -> None:
    evaluation = evaluate(run.pipeline, run.policy, run.budget)
    busy_ns = run.trace.busy_ns(Kind.COMPUTE)
    assert evaluation.makespan_ns == run.trace.makespan_ns
    assert evaluation.peak_bytes == run.trace.peak_bytes
    assert evaluation.stall_ns == run.trace.makespan_ns - busy_ns
