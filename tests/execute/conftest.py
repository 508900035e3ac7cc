import pytest

from devsim.core.pipeline import Chunk, ChunkCost, Pipeline, Stage
from devsim.execute.models import Models
from devsim.runtime.choose import open_runtime


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
