"""A pipeline cut into chunks, with what each chunk costs: what a policy schedules."""

from typing import Self

from pydantic import Field, model_validator

from devsim.core.files import Frozen
from devsim.core.quantities import ByteCount, Index, IterationCount, LoaderCount, Nanoseconds
from devsim.core.text_types import ChunkName, Name, OptionalName


class ChunkCost(Frozen):
    """What one chunk costs."""

    weight_bytes: ByteCount
    resident_bytes: ByteCount
    transient_bytes: ByteCount
    activation_bytes: ByteCount
    carried_bytes: ByteCount = Field(
        default=0, description="boundary tensors of chunks before it, held while it computes"
    )
    cold_load_ns: Nanoseconds
    cached_load_ns: Nanoseconds
    unload_ns: Nanoseconds
    compute_ns: Nanoseconds

    @property
    def working_bytes(self) -> int:
        """Held beside the chunks while it computes."""
        return self.carried_bytes + self.activation_bytes


class Chunk(Frozen):
    """Consecutive blocks of a stage that are loaded, computed and unloaded as one."""

    blocks: tuple[ChunkName, ...] = Field(min_length=1)
    cost: ChunkCost
    variant: OptionalName = Field(default="", description="of its packages; empty: the stage's")

    @property
    def name(self) -> str:
        """The block's name, or the first and last block's."""
        first, last = self.blocks[0], self.blocks[-1]
        return first if first == last else f"{first}..{last}"


class Stage(Frozen):
    """A stage cut into chunks, in compute order; or one phase of it, when its variant changes."""

    name: Name
    variant: OptionalName
    iterations: IterationCount
    first_iteration: Index = Field(default=0, description="of the stage, in this phase")
    boundary_bytes: ByteCount
    unit: OptionalName = Field(
        default="", description="compute unit, a key of the pipeline's units"
    )
    chunks: tuple[Chunk, ...] = Field(min_length=1, max_length=10_000)

    def package_of(self, chunk: Chunk) -> tuple[str, str, tuple[str, ...]]:
        """What names a chunk's packages: phases that share them load them cold only once."""
        return self.name, chunk.variant or self.variant, chunk.blocks


class LaneSpeeds(Frozen):
    """Speed of an activity beside others, in millionths of its speed alone.

    A load that runs beside a compute and beside another load has the product of both speeds.
    """

    load_ppm: int = Field(default=1_000_000, ge=1, le=1_000_000)
    compute_ppm: int = Field(default=1_000_000, ge=1, le=1_000_000)
    beside_load_ppm: int = Field(
        default=1_000_000, ge=1, le=1_000_000, description="of a load while another load runs"
    )


class Pipeline(Frozen):
    """Stages in order, the process's baseline and how the lanes disturb each other."""

    workload: Name
    baseline_bytes: ByteCount
    contended: LaneSpeeds = LaneSpeeds()
    units: dict[Name, LaneSpeeds] = Field(
        default={}, description="by compute unit, where they differ from contended"
    )
    loaders: LoaderCount = Field(default=1, description="loads that may run at once")
    stages: tuple[Stage, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _phases_follow_each_other(self) -> Self:
        """A name comes again only for the next phase of a stage, and its iterations count on."""
        names: set[str] = set()
        following = "", 0
        for stage in self.stages:
            again = (stage.name, stage.first_iteration) == following
            if stage.name in names and not again:
                raise ValueError(
                    f"two stages share the name {stage.name}; phases of one stage follow each "
                    "other, and first_iteration counts on"
                )
            names.add(stage.name)
            following = stage.name, stage.first_iteration + stage.iterations
        return self

    @model_validator(mode="after")
    def _nothing_is_carried_that_was_not_held(self) -> Self:
        """What a compute holds besides chunks includes what the next one is given."""
        before = None
        for stage in self.stages:
            first, last = stage.chunks[0].cost, stage.chunks[-1].cost
            order = [chunk.cost for chunk in stage.chunks]
            for cost in [*order, first] if stage.iterations > 1 else order:
                if before is not None and cost.carried_bytes > before.working_bytes:
                    raise ValueError(
                        f"a chunk of stage {stage.name} carries {cost.carried_bytes} bytes, but "
                        f"the compute before it holds {before.working_bytes}"
                    )
                before = cost
            before = last
        return self

    @property
    def base_bytes(self) -> int:
        """Held from start to end: the baseline and the largest stage's boundary tensors.

        What chunks carry for each other comes and goes, and counts with each compute.
        """
        return self.baseline_bytes + max(stage.boundary_bytes for stage in self.stages)

    def speeds_beside(self, stage: Stage) -> LaneSpeeds:
        """How loads and the stage's computes disturb each other."""
        return self.units.get(stage.unit, self.contended)
