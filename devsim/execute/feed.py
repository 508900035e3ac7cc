"""Blocks on what a run gives them: a stage's inputs, then what blocks before have computed."""

from collections.abc import Iterator

from devsim.core.manifest import Block
from devsim.core.trace import Kind
from devsim.execute.inputs import StageInputs
from devsim.execute.measure import Bench, Subject
from devsim.execute.models import Models
from devsim.execute.tensors import TensorStore
from devsim.runtime.protocol import Array


def subjects(bench: Bench, models: Models, inputs: StageInputs) -> Iterator[tuple[Block, Subject]]:
    """Every package of a folder on its inputs, the alternatives of a block after the block.

    Between two of them each block that others come after is computed once more, for its outputs.

    Raises:
        DevsimError: a package cannot be computed.
    """
    for stage in models.manifest.stages:
        store = TensorStore([[block] for block in stage.blocks], inputs[stage.name])
        store.start_iteration()
        others = [block for blocks in stage.alternatives.values() for block in blocks]
        for block in stage.blocks:
            for each in (block, *(other for other in others if other.name == block.name)):
                yield each, Subject(models.path(each), store.inputs(each), store.held_bytes)
            if block is not stage.blocks[-1]:
                store.put(block, _computed(bench, models, block, store))


def _computed(bench: Bench, models: Models, block: Block, store: TensorStore) -> dict[str, Array]:
    lanes = bench.lanes
    package = lanes.do(Kind.LOAD, lambda: bench.runtime.load(models.path(block)))
    try:
        return lanes.do(Kind.COMPUTE, lambda: package.predict(store.inputs(block)))
    finally:
        lanes.do(Kind.UNLOAD, package.unload)
