"""A plan's chunks as packages: the folder is the plan's, and computes what the blocks compute."""

import shutil

import numpy as np
import pytest
from mil_models import mb, packages_of, run_blocks, save, stage_of

from devsim.convert.mil.chunks import join_chunks
from devsim.convert.mil.split import Everywhere, split_package
from devsim.core.errors import BadInputError
from devsim.core.manifest import MANIFEST_NAME, Manifest
from devsim.core.pipeline import Chunk, ChunkCost, Pipeline, Stage
from devsim.core.plan import Plan, Prediction, Residency
from devsim.execute.models import Models

WIDTH = 16
RNG = np.random.default_rng(0)
X = {"x": RNG.standard_normal((2, WIDTH)).astype(np.float32)}
COST = ChunkCost(
    weight_bytes=1, resident_bytes=1, transient_bytes=0, activation_bytes=0,
    cold_load_ns=1, cached_load_ns=1, unload_ns=1, compute_ns=1,
)  # fmt: skip


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Six blocks; the first one's result is used again by the last."""

    def build(x):
        weights = RNG.standard_normal((5, WIDTH, WIDTH)).astype(np.float32) / 4
        first = mb.linear(x=x, weight=weights[0], name="v0")
        x = first
        for number in range(1, 5):
            x = mb.linear(x=x, weight=weights[number], name=f"v{number}")
        return mb.add(x=x, y=first, name="out")

    folder = tmp_path_factory.mktemp("models")
    whole = save(folder / "toy.mlpackage", build, X)
    split_package(whole, folder / "blocks", Everywhere())
    return folder / "blocks"


def plan_of(models, sizes, variants=("fp32",)):
    names = [block.name for block in stage_of(models).blocks]
    starts = np.cumsum([0, *sizes])
    chunks = tuple(
        Chunk(blocks=tuple(names[a : a + size]), cost=COST)
        for a, size in zip(starts, sizes, strict=False)
    )
    stages = tuple(
        Stage(
            name="toy", variant=variant, iterations=1, first_iteration=number,
            boundary_bytes=0, chunks=chunks,
        )
        for number, variant in enumerate(variants)
    )  # fmt: skip
    nothing = Prediction(
        makespan_ns=1, peak_bytes=1, load_busy_ns=1, compute_busy_ns=1, stalls_ns={}
    )
    return Plan(
        schema_version=1, device="d", shape="s", profile_digest="", environment={},
        budget_bytes=1, policy="serial",
        pipeline=Pipeline(workload="toy", baseline_bytes=0, stages=stages),
        residency=tuple(Residency(resident=(), window=0) for _ in stages),
        prediction=nothing, lower_bound_ns=0, baselines=(),
    )  # fmt: skip


def test_chunks_compute_what_their_blocks_do(models, tmp_path):
    plan = plan_of(models, [1, 3, 2])
    manifest = join_chunks(plan, models, tmp_path / "chunks")
    assert manifest == Manifest.read(tmp_path / "chunks" / MANIFEST_NAME)
    stage = stage_of(tmp_path / "chunks")
    planned = [chunk.name for chunk in plan.pipeline.stages[0].chunks]
    assert [block.name for block in stage.blocks] == planned
    assert planned[1:] == ["block_01..block_03", "block_04..block_05"]
    Models.open(tmp_path / "chunks")
    one_by_one, in_chunks = run_blocks(models, X), run_blocks(tmp_path / "chunks", X)
    assert np.array_equal(one_by_one["out"], in_chunks["out"])
    assert sum(block.flops for block in stage.blocks) == 5 * 2 * 2 * WIDTH * WIDTH


def test_a_chunk_gives_what_is_needed_after_it_and_no_more(models, tmp_path):
    join_chunks(plan_of(models, [2, 2, 2]), models, tmp_path / "chunks")
    given = [{p.tensor for p in block.outputs} for block in stage_of(tmp_path / "chunks").blocks]
    assert given == [{"v0", "v1"}, {"v3"}, {"out"}]


def test_a_chunk_of_one_block_is_its_package(models, tmp_path):
    join_chunks(plan_of(models, [1] * 6), models, tmp_path / "chunks")
    blocks, copies = stage_of(models).blocks, stage_of(tmp_path / "chunks").blocks
    assert [block.digest for block in copies] == [block.digest for block in blocks]
    for package, copy in zip(packages_of(models), packages_of(tmp_path / "chunks"), strict=True):
        for path in package.rglob("*"):
            if path.is_file():
                assert (copy / path.relative_to(package)).read_bytes() == path.read_bytes()


def test_phases_of_two_variants_share_what_is_the_same(models, tmp_path):
    manifest = Manifest.read(models / MANIFEST_NAME)
    (stage,) = manifest.stages
    other = stage.blocks[3].model_copy(update={"package": "toy/other.mlpackage"})
    folder = tmp_path / "models"
    shutil.copytree(models / "toy", folder / "toy")
    shutil.copytree(models / stage.blocks[3].package, folder / other.package)
    stage = stage.model_copy(update={"alternatives": {"tdtm": (other,)}})
    manifest.model_copy(update={"stages": (stage,)}).write(folder / MANIFEST_NAME)
    plan = plan_of(models, [2, 2, 2], variants=("tdtm", "fp32"))
    made = join_chunks(plan, folder, tmp_path / "chunks").stages[0]
    assert (made.precision, set(made.alternatives)) == ("fp32", {"tdtm"})
    assert [block.name for block in made.alternatives["tdtm"]] == ["block_02..block_03"]
    assert len({block.package for block in made.packages()}) == 4


def test_a_plan_of_other_packages_is_refused(models, tmp_path):
    plan = plan_of(models, [2, 2])
    with pytest.raises(BadInputError, match="stage toy is missing or has other blocks"):
        join_chunks(plan, models, tmp_path / "chunks")
    assert list(tmp_path.iterdir()) == []
