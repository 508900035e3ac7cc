import time

import pytest
from faulty_disk import Disk
from lane_clock import LaneClock

from devsim.core.pipeline import Chunk, ChunkCost, Pipeline, Stage
from devsim.core.plan import Residency
from devsim.execute.executor import Executor
from devsim.execute.lanes import Surroundings
from devsim.execute.measure import Effort
from devsim.execute.measured import profile_folder
from devsim.execute.models import Models
from devsim.execute.requests import Setting
from devsim.planner.planner import plan
from devsim.runtime.choose import open_runtime
from devsim.simulation.costs import chunk_of


@pytest.fixture(scope="session")
def models(tiny_models):
    return Models.open(tiny_models)


@pytest.fixture(scope="session")
def runtime():
    return open_runtime("reference", 1)


@pytest.fixture
def pipeline(models):
    """The tiny denoiser, a chunk a block, three iterations; byte figures as the ledger needs."""
    cost = {"transient_bytes": 0, "activation_bytes": 1000, "cold_load_ns": 0, "compute_ns": 0}
    stage = models.manifest.stages[0]
    chunks = tuple(
        Chunk(
            blocks=(block.name,),
            cost=ChunkCost(
                weight_bytes=block.weight_bytes,
                resident_bytes=block.weight_bytes,
                cached_load_ns=0,
                unload_ns=0,
                **cost,
            ),
        )
        for block in stage.blocks
    )
    return Pipeline(
        workload="tiny",
        baseline_bytes=0,
        stages=(
            Stage(
                name=stage.name,
                variant="fp32",
                iterations=3,
                boundary_bytes=0,
                chunks=chunks,
            ),
        ),
    )


@pytest.fixture
def execute(models, runtime):
    """Run a pipeline in this process, telling nobody."""

    def run(pipeline, policy, budget, *, models=models, on_event=lambda event: None):
        around = Surroundings(environment={})
        return Executor(pipeline, policy, budget, models, runtime, around, "stop", on_event).run()

    return run


@pytest.fixture(scope="session")
def setting(tiny_models):
    """The tiny denoiser on the reference runtime, one thread."""
    return Setting(models=tiny_models, runtime="reference", threads=1)


@pytest.fixture(scope="session")
def profile(setting, tmp_path_factory):
    """The tiny denoiser's profile, made in a process of its own."""
    effort = Effort(cold_samples=1, samples=2, warmup=0)
    finished = tmp_path_factory.mktemp("profile") / "part"
    return profile_folder(setting, effort, finished, lambda done, total, what: None)


@pytest.fixture(scope="session")
def made(profile):
    """A plan of two iterations with memory to spare, one chunk a block whatever was measured."""
    found = plan(profile, 4 * 10**8, {"stdit": 2})
    (stage,), (cut,) = profile.stages, found.pipeline.stages
    chunks = tuple(
        chunk_of(profile, stage, (n, n + 1), cut.variant) for n in range(len(stage.blocks))
    )
    stages = (cut.model_copy(update={"chunks": chunks}),)
    pipeline = found.pipeline.model_copy(update={"stages": stages})
    residency = (Residency(resident=(), window=1),)
    update = {"policy": "planned", "pipeline": pipeline, "residency": residency}
    return found.model_copy(update=update)


@pytest.fixture
def disk(tiny_models, tmp_path):
    """The tiny denoiser's packages on a disk of their own, at ``disk.at``."""
    at = tmp_path / "disk"
    at.mkdir()
    served = Disk(tiny_models, at)
    yield served
    served.close()


@pytest.fixture
def clock(monkeypatch):
    """What durations are measured by in this test."""
    own = LaneClock()
    monkeypatch.setattr(time, "monotonic_ns", lambda: own.now_ns)
    return own
