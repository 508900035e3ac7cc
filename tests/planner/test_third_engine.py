"""The tests' own engine agrees with both of devsim's where chunks carry boundary tensors."""

from drawn_runs import Bytes, Shape, a_pipeline
from hypothesis import given, settings
from hypothesis import strategies as st
from schedule import Step, run

from devsim.core.pipeline import Pipeline
from devsim.core.plan import Residency
from devsim.policy.feasible import needed_bytes
from devsim.policy.planned import Planned
from devsim.simulation.evaluate import evaluate
from devsim.simulation.simulator import simulate

SHAPE = Shape(max_iterations=3, max_chunks=5, loaders=(1,))


def one_stage(data: bytes) -> Pipeline:
    """The first stage of a drawn pipeline: the third engine has one speed for all."""
    pipeline = a_pipeline(Bytes(data), SHAPE)
    stage = pipeline.stages[0].model_copy(update={"unit": ""})
    return pipeline.model_copy(update={"stages": (stage,)})


def steps_of(pipeline: Pipeline, residency: Residency) -> list[Step]:
    (stage,) = pipeline.stages
    count = len(stage.chunks)
    return [
        Step(
            stage=0,
            resident_bytes=chunk.cost.resident_bytes,
            transient_bytes=chunk.cost.transient_bytes,
            activation_bytes=chunk.cost.activation_bytes,
            load_ns=chunk.cost.cached_load_ns if lap else chunk.cost.cold_load_ns,
            unload_ns=chunk.cost.unload_ns,
            compute_ns=chunk.cost.compute_ns,
            window=residency.window,
            kept_before=number in residency.resident and lap > 0,
            stays=number in residency.resident and lap + 1 < stage.iterations,
            before=(lap - 1) * count + number if lap else -1,
            carried_bytes=chunk.cost.carried_bytes,
        )
        for lap in range(stage.iterations)
        for number, chunk in enumerate(stage.chunks)
    ]


@settings(max_examples=300, deadline=None)
@given(st.binary(min_size=200, max_size=200), st.integers(0, 31), st.integers(0, 3), st.data())
def test_three_engines_agree(data, kept, window, draw):
    pipeline = one_stage(data)
    count = len(pipeline.stages[0].chunks)
    resident = tuple(n for n in range(count) if kept >> n & 1)
    residency = Residency(resident=resident, window=window)
    policy = Planned((residency,))
    budget = max(1, needed_bytes(pipeline, policy)[0]) + draw.draw(st.integers(0, 60))
    speeds = pipeline.contended
    third = run(
        steps_of(pipeline, residency),
        pipeline.base_bytes,
        budget,
        speeds.load_ppm,
        speeds.compute_ppm,
    )
    trace = simulate(pipeline, policy, budget)
    quick = evaluate(pipeline, policy, budget)
    assert third is not None
    assert third[:2] == (trace.makespan_ns, trace.peak_bytes)
    assert third[:2] == (quick.makespan_ns, quick.peak_bytes)
