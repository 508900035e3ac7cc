"""A pipeline cut into chunks, with what each chunk costs: what a policy schedules."""

from typing import Self

from pydantic import Field, model_validator

from devsim.core.files import Frozen


class ChunkCost(Frozen):
    """What one chunk costs."""

    weight_bytes: int = Field(ge=0)
    resident_bytes: int = Field(ge=0)
    transient_bytes: int = Field(ge=0)
    activation_bytes: int = Field(ge=0)
    cold_load_ns: int = Field(ge=0)
    cached_load_ns: int = Field(ge=0)
    unload_ns: int = Field(ge=0)
    compute_ns: int = Field(ge=0)


class Chunk(Frozen):
    """Consecutive blocks of a stage that are loaded, computed and unloaded as one."""

    blocks: tuple[str, ...] = Field(min_length=1)
    cost: ChunkCost

    @property
    def name(self) -> str:
        """The block's name, or the first and last block's."""
        first, last = self.blocks[0], self.blocks[-1]
        return first if first == last else f"{first}..{last}"


class Stage(Frozen):
    """A stage cut into chunks, in compute order."""

    name: str
    variant: str
    iterations: int = Field(ge=1)
    boundary_bytes: int = Field(ge=0)
    chunks: tuple[Chunk, ...] = Field(min_length=1)


class LaneSpeeds(Frozen):
    """Speed of each lane while the other is busy, in millionths of its speed alone."""

    load_ppm: int = Field(default=1_000_000, ge=1, le=1_000_000)
    compute_ppm: int = Field(default=1_000_000, ge=1, le=1_000_000)


class Pipeline(Frozen):
    """Stages in order, the process's baseline and how the lanes disturb each other."""

    workload: str
    baseline_bytes: int = Field(ge=0)
    contended: LaneSpeeds = LaneSpeeds()
    stages: tuple[Stage, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _stage_names_are_unique(self) -> Self:
        names = [stage.name for stage in self.stages]
        if len(set(names)) != len(names):
            raise ValueError("two stages share a name")
        return self

    @property
    def base_bytes(self) -> int:
        """Held from start to end: the baseline and the largest stage's boundary tensors."""
        return self.baseline_bytes + max(stage.boundary_bytes for stage in self.stages)
