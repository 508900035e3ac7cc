"""What a workload is made of, counted without any weights: for people, and for other sizes.

No block's values are made: modules are built on torch's ``meta`` device, and one block of each
kind stands for all that differ only in their weights.
"""

from dataclasses import replace
from typing import NamedTuple

from torch import nn

from devsim.workloads import find
from devsim.workloads.flops import Flops, count_flops
from devsim.workloads.pipeline import Options, TorchBlock
from devsim.workloads.weights import NoWeights


class BlockRow(NamedTuple):
    """One block of a variant.

    Attributes:
        name: the block's.
        kind: blocks of one kind have the same figures; empty where there is no other.
        parameters: how many numbers are learned.
        flops: of one compute.
    """

    name: str
    kind: str
    parameters: int
    flops: Flops


class StageRow(NamedTuple):
    """One stage at one size of the video.

    Attributes:
        name: the stage's.
        iterations: how often its blocks are computed, by default.
        blocks: of the default variant, in order.
        alternatives: other variants of some of the blocks, by the variant's name.
    """

    name: str
    iterations: int
    blocks: tuple[BlockRow, ...]
    alternatives: dict[str, tuple[BlockRow, ...]]

    @property
    def parameters(self) -> int:
        """Of the default variant's blocks; other variants share them."""
        return sum(block.parameters for block in self.blocks)

    def weight_bytes(self, bits: int) -> int:
        """Bytes of the parameters at a precision, without the scales that quantising adds."""
        return self.parameters * bits // 8

    @property
    def flops(self) -> Flops:
        """Of one iteration of the default variant."""
        return _sum([block.flops for block in self.blocks])

    @property
    def flops_of_all_iterations(self) -> int:
        """Of the whole stage in the default variant."""
        return self.iterations * self.flops.total


class WorkloadRow(NamedTuple):
    """A workload at one size of its model and of the video.

    Attributes:
        name: the workload's.
        size: of the model, such as ``full``.
        shape: of the video, for people.
        stages: in order.
    """

    name: str
    size: str
    shape: str
    stages: tuple[StageRow, ...]


def describe(name: str, options: Options | None = None) -> WorkloadRow:
    """Count a workload's blocks, parameters and FLOPs; its weights are not read.

    Args:
        name: a name of ``devsim.workloads.names()``.
        options: size, video, depth and stages; the workload's defaults when None.

    Raises:
        BadInputError: no workload of that name, or an option that it does not have.
        MissingExtraError: torch, transformers or diffusers is not installed.
    """
    pipeline = find(name).pipeline(replace(options or Options(), weights=NoWeights()))
    stages = tuple(
        StageRow(
            stage.name,
            stage.iterations,
            _rows(stage.blocks),
            {variant: _rows(blocks) for variant, blocks in stage.alternatives.items()},
        )
        for stage in pipeline.stages
    )
    return WorkloadRow(pipeline.workload, pipeline.size, pipeline.shape, stages)


def _rows(blocks: tuple[TorchBlock, ...]) -> tuple[BlockRow, ...]:
    known: dict[str, tuple[int, Flops]] = {}
    for block in blocks:
        if (key := _key(block)) not in known:
            module = block.build()
            known[key] = (_parameters(module), count_flops(module, block.inputs))
    return tuple(BlockRow(block.name, block.kind, *known[_key(block)]) for block in blocks)


def _key(block: TorchBlock) -> str:
    return f"kind {block.kind}" if block.kind else f"block {block.name}"


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _sum(flops: list[Flops]) -> Flops:
    return Flops(*map(sum, zip(*flops, strict=True)))
