from devsim.core.pipeline import Chunk, ChunkCost
from devsim.execute.baselines import baseline_plan
from devsim.planner.planner import plan


def test_named_policies_have_all_of_the_budget_of_a_plan_that_holds_less(profile, models):
    most = 2 * profile.baseline_bytes.bytes + 10**9
    made = plan(profile, most)
    less = made.model_copy(
        update={"budget_bytes": made.prediction.peak_bytes, "offered_bytes": most}
    )
    app = baseline_plan(less, "on-device-sora", models)
    assert (app.policy, app.budget_bytes, app.offered_bytes) == ("on-device-sora", most, None)
    assert [chunk.blocks for chunk in app.pipeline.stages[0].chunks] == [
        (block.name,) for block in models.manifest.stages[0].blocks
    ]


def test_the_packages_of_a_chunk_share_its_costs_by_their_weights(made, models):
    """All costs are multiples of the weights, but for an unload of 1 ns that each rounds up."""
    blocks = models.manifest.stages[0].blocks
    total = sum(block.weight_bytes for block in blocks)
    cost = ChunkCost(
        weight_bytes=total,
        resident_bytes=3 * total,
        transient_bytes=2 * total,
        activation_bytes=1234,
        carried_bytes=56,
        cold_load_ns=11 * total,
        cached_load_ns=7 * total,
        unload_ns=1,
        compute_ns=5 * total,
    )
    chunk = Chunk(blocks=tuple(block.name for block in blocks), cost=cost)
    stage = made.pipeline.stages[0].model_copy(update={"chunks": (chunk,)})
    pipeline = made.pipeline.model_copy(update={"stages": (stage,)})
    cut = baseline_plan(made.model_copy(update={"pipeline": pipeline}), "serial", models)
    for block, part in zip(blocks, cut.pipeline.stages[0].chunks, strict=True):
        weight = block.weight_bytes
        assert part.cost == ChunkCost(
            weight_bytes=weight,
            resident_bytes=3 * weight,
            transient_bytes=2 * weight,
            activation_bytes=1234,
            carried_bytes=56,
            cold_load_ns=11 * weight,
            cached_load_ns=7 * weight,
            unload_ns=1,
            compute_ns=5 * weight,
        )
