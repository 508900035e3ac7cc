"""Packages that join the blocks of a plan's chunks: what they compute and what they save."""

import pytest
from lane_clock import TimedRuntime

from devsim.convert.mil.chunks import join_chunks
from devsim.core.errors import BadInputError
from devsim.core.pipeline import Chunk
from devsim.execute.executor import Executor
from devsim.execute.inputs import stage_inputs
from devsim.execute.joining import measure_joining
from devsim.execute.lanes import Lanes, Surroundings
from devsim.execute.measure import Bench, Effort, Measurement, Subject, measure
from devsim.execute.models import Models
from devsim.execute.page_cache import PageCache
from devsim.execute.tensors import random_inputs
from devsim.execute.unchunked import run_unchunked
from devsim.policy.serial import Serial

EFFORT = Effort(cold_samples=1, samples=2, warmup=0)


@pytest.fixture(scope="module")
def paired(made):
    """A plan whose chunks have two blocks each."""
    stage = made.pipeline.stages[0]
    blocks = [name for chunk in stage.chunks for name in chunk.blocks]
    cost = stage.chunks[0].cost
    chunks = tuple(Chunk(blocks=tuple(blocks[n : n + 2]), cost=cost) for n in (0, 2))
    pipeline = made.pipeline.model_copy(
        update={"stages": (stage.model_copy(update={"chunks": chunks}),)}
    )
    return made.model_copy(update={"policy": "serial", "pipeline": pipeline})


@pytest.fixture(scope="module")
def joined(paired, tiny_models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("joined") / "models"
    join_chunks(paired, tiny_models, folder)
    return Models.open(folder)


def test_a_folder_of_a_plans_chunks_has_one_package_a_chunk(paired, joined, models):
    assert [len(chunk) for chunk in joined.chunks(paired.pipeline)[0]] == [1, 1]
    assert [len(chunk) for chunk in models.chunks(paired.pipeline)[0]] == [2, 2]


def test_joined_packages_compute_what_the_blocks_compute(paired, joined, models, runtime):
    run = Executor(
        paired.pipeline, Serial(), 10**9, joined, runtime, Surroundings({}), "stop", lambda _: None
    ).run()
    (expected,) = run_unchunked(paired.pipeline, models, runtime, stage_inputs(models)).digests()
    (stage,) = run.outputs.digests()
    assert set(stage.digests) == set(expected.digests)


def test_what_joining_saves_is_measured_for_each_package(joined, models, runtime):
    with Lanes(None) as lanes:
        bench = Bench(runtime, lanes, PageCache.KEEP)
        blocks = models.manifest.stages[0].blocks
        alone = {
            block.digest: measure(
                bench, Subject(models.path(block), random_inputs(block), 0), EFFORT
            )
            for block in blocks
        }
        saved = measure_joining(bench, joined, models, alone, EFFORT, stage_inputs(models))
        assert len(saved.load_fixed_ns) == len(saved.dispatch_ns) == 2
        with pytest.raises(BadInputError, match="no package joins blocks"):
            measure_joining(bench, models, models, alone, EFFORT, stage_inputs(models))


def alone(load_ns, compute_ns):
    """A block's durations, with one of each far off that the medians leave out."""
    return Measurement(
        baseline_bytes=0,
        resident_bytes=0,
        transient_bytes=0,
        activation_bytes=0,
        cold_load_ns=(9_000,),
        cached_load_ns=(load_ns, load_ns, 9_000),
        unload_ns=(0,),
        compute_ns=(compute_ns, compute_ns, 9_000),
    )


def test_what_joining_saves_is_what_the_blocks_take_beyond_the_package(
    joined, models, runtime, clock
):
    """Two blocks of 100 ns to load and 30 to compute; as one package 170 and 55, or 210 and 70."""
    first, second = (joined.path(block) for block in joined.manifest.stages[0].blocks)
    takes_ns = {
        (first, "load"): 170,
        (first, "predict"): 55,
        (second, "load"): 210,
        (second, "predict"): 70,
    }

    def took_ns(what, package, beside):
        return takes_ns[package, what]

    blocks = models.manifest.stages[0].blocks
    with Lanes(None) as lanes:
        saved = measure_joining(
            Bench(TimedRuntime(clock, took_ns, runtime), lanes, PageCache.KEEP),
            joined,
            models,
            {block.digest: alone(100, 30) for block in blocks},
            EFFORT,
            stage_inputs(models),
        )
    assert saved.load_fixed_ns == (100 + 100 - 170, 0)
    assert saved.dispatch_ns == (30 + 30 - 55, 0)
