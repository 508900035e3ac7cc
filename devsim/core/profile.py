"""A profile: what every block of a workload costs on one device, and how that is known."""

import statistics
from collections.abc import Iterator
from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator

from devsim.core.files import Document, Frozen
from devsim.core.quantities import (
    ByteCount,
    Index,
    IterationCount,
    Nanoseconds,
    OperationCount,
    Slowdown,
)
from devsim.core.text_types import ChunkName, Digest, Label, Name, OptionalName, Remark

Provenance = Literal["measured", "published", "modelled"]
WorkKind = Literal["linear", "linear_int8", "attention", "conv", "traffic"]


class Source(Frozen):
    """Where figures come from."""

    provenance: Provenance
    text: Remark = Field(min_length=1)


class Bytes(Frozen):
    """A number of bytes and the key of its source."""

    bytes: ByteCount
    source: Label


class Samples(Frozen):
    """Durations of one activity in nanoseconds, in the order taken, and the key of their source."""

    ns: tuple[Nanoseconds, ...] = Field(min_length=1)
    warmup: int = Field(default=0, ge=0, description="runs made before the first sample, not kept")
    source: Label

    @property
    def median_ns(self) -> int:
        """The median, rounded to a nanosecond."""
        return round(statistics.median(self.ns))


class Work(Frozen):
    """A part of one compute that grows with the latent video as ``frames^a * area^b``."""

    kind: WorkKind = Field(description="traffic is in bytes, the others in FLOPs")
    amount: OperationCount = Field(
        description="at the profile's shape; a multiply-add counts as two"
    )
    frames: int = Field(default=0, ge=0, le=4, description="the power a of the latent's frames")
    area: int = Field(default=0, ge=0, le=4, description="the power b of a latent frame's area")


class Variant(Frozen):
    """One package of a block."""

    package: Label
    digest: Digest = Field(description="SHA-256 of the package; empty when it was never converted")
    weight_bytes: Bytes = Field(description="on disk")
    resident_bytes: Bytes = Field(description="held while loaded")
    transient_bytes: Bytes = Field(description="held on top during a load")
    activation_bytes: Bytes = Field(description="held on top during a compute")
    bytes_moved: Bytes = Field(description="weights, inputs and outputs of one compute")
    flops: OperationCount
    work: tuple[Work, ...] = Field(
        default=(),
        max_length=100,
        description="the FLOPs and bytes by how they grow; empty when nobody counted",
    )
    unit: OptionalName = Field(
        default="", description="the compute unit it ran on; empty if unknown"
    )
    cold_load: Samples
    cached_load: Samples
    unload: Samples
    compute: Samples


class BlockProfile(Frozen):
    """A block and its variants; the first variant of a stage's first block is the default."""

    name: ChunkName
    variants: dict[Name, Variant] = Field(min_length=1)


class BoundaryTensor(Frozen):
    """A tensor that one block of a stage makes for later ones, held from the one to the other."""

    bytes: ByteCount
    made_by: Index = Field(description="the number of the block, from 0")
    taken_until: Index = Field(
        ge=1, description="the last block that takes it; of a result, the stage's last block"
    )


class StageProfile(Frozen):
    """The blocks of a stage in compute order."""

    name: Name
    iterations: IterationCount
    frames_per_iteration: float = Field(
        default=0,
        ge=0,
        le=1e9,
        description="latent frames that one iteration decodes; 0: all, every time",
    )
    boundary_bytes: Bytes = Field(
        description="boundary tensors held as long as the stage runs; its inputs where tensors are "
        "listed, else also the most that its blocks hold for each other"
    )
    tensors: tuple[BoundaryTensor, ...] = Field(
        default=(), description="what blocks make for later ones, where that is known"
    )
    unit: OptionalName = Field(
        default="", description="its compute unit, a key of the profile's units"
    )
    blocks: tuple[BlockProfile, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _every_block_has_the_default_variant(self) -> Self:
        default = next(iter(self.blocks[0].variants))
        for block in self.blocks:
            if default not in block.variants:
                raise ValueError(
                    f"block {block.name} lacks variant '{default}', the default of its stage"
                )
        return self

    @model_validator(mode="after")
    def _tensors_are_taken_after_they_are_made(self) -> Self:
        for tensor in self.tensors:
            if not tensor.made_by < tensor.taken_until < len(self.blocks):
                raise ValueError(
                    f"a tensor is made by block {tensor.made_by} and taken until "
                    f"{tensor.taken_until} of {len(self.blocks)} blocks"
                )
        return self


class Contention(Frozen):
    """How many times longer an activity takes while the other lane is busy."""

    load_slowdown: Slowdown
    compute_slowdown: Slowdown
    load_beside_load: Slowdown = Field(default=1, description="of a load while another load runs")
    source: Label


class Fitted(Frozen):
    """A device parameter that a calibration found, and the interval it believes in (95 %)."""

    name: Label
    value: float
    low: float
    high: float
    source: Label


class Profile(Document):
    """A profile file, ``profiles/WORKLOAD/NAME.json``."""

    schema_version: Literal[1]
    workload: Name
    device: Label
    size: Label
    shape: Remark
    environment: dict[Label, Remark]
    sources: dict[Label, Source] = Field(min_length=1)
    baseline_bytes: Bytes = Field(description="held by the process before any package is loaded")
    load_fixed: Samples = Field(description="the part of a load that does not grow with its bytes")
    dispatch: Samples = Field(description="the part of a compute that a joined chunk pays once")
    contention: Contention
    units: dict[Name, Contention] = Field(
        default={}, description="contention by compute unit, where it differs"
    )
    fitted: tuple[Fitted, ...] = Field(default=(), description="parameters of a calibration")
    stages: tuple[StageProfile, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _every_source_is_known(self) -> Self:
        unknown = sorted(set(_source_keys(self)) - set(self.sources))
        if unknown:
            raise ValueError(f"source '{unknown[0]}' is not listed in sources")
        return self

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for names in (
            [s.name for s in self.stages],
            *([b.name for b in s.blocks] for s in self.stages),
        ):
            if len(set(names)) != len(names):
                raise ValueError("two stages, or two blocks of a stage, share a name")
        return self


def _source_keys(value: object) -> Iterator[str]:
    if isinstance(value, Bytes | Samples | Contention | Fitted):
        yield value.source
    elif isinstance(value, BaseModel):
        for _, inner in value:
            yield from _source_keys(inner)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _source_keys(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from _source_keys(inner)
