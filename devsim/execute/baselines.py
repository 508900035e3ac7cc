"""The named policies on the packages of a plan, one package a chunk, as they were made for."""

from collections.abc import Sequence

from devsim.core.manifest import Block
from devsim.core.pipeline import Chunk, ChunkCost
from devsim.core.plan import Plan, Residency
from devsim.execute.models import Models


def baseline_plan(plan: Plan, policy: str, models: Models) -> Plan:
    """A plan's packages under a named policy, with all of the budget that was asked for.

    Chunks of several packages are cut into them; each has its share of the chunk's costs by its
    weights, and may need all of the chunk's activations.

    Raises:
        BadInputError: the models are not the plan's.
    """
    stages = tuple(
        stage.model_copy(
            update={
                "chunks": tuple(
                    part
                    for chunk, blocks in zip(stage.chunks, chunks, strict=True)
                    for part in _cut(chunk, blocks)
                )
            }
        )
        for stage, chunks in zip(plan.pipeline.stages, models.chunks(plan.pipeline), strict=True)
    )
    return plan.model_copy(
        update={
            "policy": policy,
            "budget_bytes": plan.asked_bytes,
            "offered_bytes": None,
            "pipeline": plan.pipeline.model_copy(update={"stages": stages}),
            "residency": tuple(Residency(resident=(), window=0) for _ in stages),
        }
    )


def _cut(chunk: Chunk, blocks: Sequence[Block]) -> list[Chunk]:
    if len(blocks) == 1:
        return [chunk]
    total = sum(block.weight_bytes for block in blocks)
    return [
        chunk.model_copy(
            update={"blocks": (block.name,), "cost": _share(chunk.cost, block.weight_bytes, total)}
        )
        for block in blocks
    ]


def _share(cost: ChunkCost, part: int, total: int) -> ChunkCost:
    def of(whole: int) -> int:
        return -(-whole * part // max(total, 1))

    return ChunkCost(
        weight_bytes=part,
        resident_bytes=of(cost.resident_bytes),
        transient_bytes=of(cost.transient_bytes),
        activation_bytes=cost.activation_bytes,
        carried_bytes=cost.carried_bytes,
        cold_load_ns=of(cost.cold_load_ns),
        cached_load_ns=of(cost.cached_load_ns),
        unload_ns=of(cost.unload_ns),
        compute_ns=of(cost.compute_ns),
    )
