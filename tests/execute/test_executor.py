import shutil
import threading

import pytest

from devsim.core.errors import BadFileError, BadInputError, DevsimError
from devsim.core.plan import Residency
from devsim.core.trace import Kind
from devsim.execute.events import Ended
from devsim.execute.inputs import stage_inputs
from devsim.execute.models import Models
from devsim.execute.tensors import TensorStore
from devsim.policy.feasible import needed_bytes, smallest_budget_bytes
from devsim.policy.named import baseline
from devsim.policy.planned import Planned

AMPLE = 10**9


def lanes_left():
    return [t.name for t in threading.enumerate() if t.name.startswith("devsim-")]


def digests(run):
    """Of the outputs of the only stage's iterations."""
    (stage,) = run.outputs.digests()
    return list(stage.digests)


def one_after_another(models, runtime):
    """The stage's outputs without any schedule: load, compute and unload each block in turn."""
    stage = models.manifest.stages[0]
    store = TensorStore([[block] for block in stage.blocks], stage_inputs(models)[stage.name])
    store.start_iteration()
    for block in stage.blocks:
        package = runtime.load(models.path(block))
        store.put(block, package.predict(store.inputs(block)))
        package.unload()
    return store.digest()


@pytest.mark.parametrize("name", ["serial", "on-device-sora", "strided"])
def test_every_policy_computes_what_the_blocks_compute_one_after_another(
    name, models, runtime, pipeline, execute
):
    tight, _ = smallest_budget_bytes(pipeline)
    for budget in (tight, AMPLE):
        policy = baseline(name, pipeline, budget)
        run = execute(pipeline, policy, budget)
        assert digests(run) == [one_after_another(models, runtime)] * 3
    assert lanes_left() == []


def test_chunks_of_several_blocks_compute_the_same(models, runtime, pipeline, execute):
    stage = pipeline.stages[0]
    joined = stage.chunks[1].model_copy(update={"blocks": ("st_00", "st_01")})
    chunks = (stage.chunks[0], joined, stage.chunks[3])
    cut = pipeline.model_copy(update={"stages": (stage.model_copy(update={"chunks": chunks}),)})
    policy = Planned((Residency(resident=(1,), window=1),))
    run = execute(cut, policy, AMPLE)
    assert digests(run) == [one_after_another(models, runtime)] * 3


def test_a_run_does_what_the_policy_says_and_tells_it_as_it_happens(pipeline, execute):
    policy = Planned((Residency(resident=(1, 2), window=1),))
    budget, _ = needed_bytes(pipeline, policy)
    told = []
    run = execute(pipeline, policy, budget, on_event=told.append)
    ended = [event.span.span() for event in told if isinstance(event, Ended)]
    assert sorted(ended) == sorted(run.spans)
    assert [event.event for event in told].count("begun") == len(ended)
    loads = [span.name for span in run.spans if span.kind is Kind.LOAD]
    assert loads == ["part1", "st_00", "st_01", "part2", *["part1", "part2"] * 2]
    computes = [span for span in run.spans if span.kind is Kind.COMPUTE]
    assert [span.position for span in computes] == list(range(12))
    loaded_at = {span.position: span.end_ns for span in run.spans if span.kind is Kind.LOAD}
    assert all(loaded_at.get(span.position, 0) <= span.start_ns for span in computes)
    assert sum(span.kind is Kind.UNLOAD for span in run.spans) == len(loads)


def test_a_package_that_is_cut_short_ends_the_run_cleanly(tiny_models, tmp_path, pipeline, execute):
    folder = tmp_path / "damaged"
    shutil.copytree(tiny_models, folder)
    models = Models.open(folder)
    weights = next(models.path(models.manifest.stages[0].blocks[2]).rglob("weight.bin"))
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(DevsimError, match=r"st_01\.mlpackage"):
        execute(pipeline, baseline("serial", pipeline, AMPLE), AMPLE, models=models)
    assert lanes_left() == []


def test_a_folder_without_a_package_is_refused(tiny_models, tmp_path):
    folder = tmp_path / "lacking"
    shutil.copytree(tiny_models, folder)
    shutil.rmtree(folder / "stdit" / "st_00.mlpackage")
    with pytest.raises(BadFileError, match=r"st_00\.mlpackage: package is missing"):
        Models.open(folder)


def test_a_plan_of_other_blocks_is_refused(pipeline, execute):
    stage = pipeline.stages[0]
    fewer = stage.model_copy(update={"chunks": stage.chunks[:-1]})
    other = pipeline.model_copy(update={"stages": (fewer,)})
    with pytest.raises(BadInputError, match="stdit has other blocks than the plan"):
        execute(other, baseline("serial", other, AMPLE), AMPLE)
