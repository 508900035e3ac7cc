"""What there is to plan: the blocks of each stage in numbers, and chunks made of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from devsim.core.pipeline import Chunk, ChunkCost, LaneSpeeds, Pipeline, Stage
from devsim.core.profile import BoundaryTensor
from devsim.simulation.costs import held_by, joined_ns

Bounds = tuple[tuple[int, int], ...]
"""The chunks of a stage: each one's first block, and the block that it ends before."""


@dataclass(frozen=True)
class StageSource:
    """A stage, or one phase of it, in one variant: tuples have one entry a block, in order."""

    name: str
    variant: str
    iterations: int
    first_iteration: int
    boundary_bytes: int
    unit: str
    load_fixed_ns: int
    dispatch_ns: int
    blocks: tuple[str, ...]
    costs: tuple[ChunkCost, ...]
    variants: tuple[str, ...]
    """The variant of each block's package: the stage's, or the default where it has no other."""
    tensors: tuple[BoundaryTensor, ...] = ()
    """What the blocks make for each other."""
    _chunks: dict[tuple[int, int], Chunk] = field(default_factory=dict, compare=False, repr=False)
    _cuts: dict[Bounds, Stage] = field(default_factory=dict, compare=False, repr=False)

    def chunk(self, start: int, end: int) -> Chunk:
        """Blocks ``start`` to ``end - 1`` joined: fixed costs of a load and a compute paid once."""
        made = self._chunks.get((start, end))
        if made is None:
            own = {self.variants[at] for at in range(start, end)}
            variant = own.pop() if len(own) == 1 else self.variant
            made = Chunk.model_construct(
                blocks=self.blocks[start:end],
                cost=self._joined(start, end),
                variant="" if variant == self.variant else variant,
            )
            self._chunks[start, end] = made
        return made

    def _joined(self, start: int, end: int) -> ChunkCost:
        if end == start + 1:
            return self.costs[start]
        costs = self.costs[start:end]
        held = held_by(self.tensors, start, [cost.activation_bytes for cost in costs])
        return ChunkCost.model_construct(
            weight_bytes=sum([cost.weight_bytes for cost in costs]),
            resident_bytes=sum([cost.resident_bytes for cost in costs]),
            transient_bytes=sum([cost.transient_bytes for cost in costs]),
            activation_bytes=held.activation_bytes,
            carried_bytes=held.carried_bytes,
            cold_load_ns=joined_ns([cost.cold_load_ns for cost in costs], self.load_fixed_ns),
            cached_load_ns=joined_ns([cost.cached_load_ns for cost in costs], self.load_fixed_ns),
            unload_ns=sum([cost.unload_ns for cost in costs]),
            compute_ns=joined_ns([cost.compute_ns for cost in costs], self.dispatch_ns),
        )

    def stage(self, bounds: Bounds) -> Stage:
        """The stage cut into chunks, each from its first block to before its end."""
        made = self._cuts.get(bounds)
        if made is None:
            made = self._cuts[bounds] = Stage.model_construct(
                name=self.name,
                variant=self.variant,
                iterations=self.iterations,
                first_iteration=self.first_iteration,
                boundary_bytes=self.boundary_bytes,
                unit=self.unit,
                chunks=tuple(self.chunk(start, end) for start, end in bounds),
            )
        return made


@dataclass(frozen=True)
class Problem:
    """Stages to plan under one budget."""

    workload: str
    baseline_bytes: int
    contended: LaneSpeeds
    units: dict[str, LaneSpeeds]
    loaders: int
    budget_bytes: int
    stages: tuple[StageSource, ...]
    held_boundary_bytes: int
    """The boundary tensors held throughout: the whole pipeline's largest."""

    @property
    def room_bytes(self) -> int:
        """What the budget leaves for chunks and what passes beside them."""
        return self.budget_bytes - self.baseline_bytes - self.held_boundary_bytes

    def pipeline(self, stages: Sequence[Stage]) -> Pipeline:
        """Cut stages as a pipeline.

        A part of the stages carries the largest boundary tensors of all, as the whole run does.
        """
        return Pipeline.model_construct(
            workload=self.workload,
            baseline_bytes=self.budget_bytes
            - self.room_bytes
            - max(stage.boundary_bytes for stage in stages),
            contended=self.contended,
            units=self.units,
            loaders=self.loaders,
            stages=tuple(stages),
        )
