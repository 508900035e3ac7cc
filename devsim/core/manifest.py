"""What a converted folder holds: the blocks of each stage, in order, one package each."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from devsim.core.errors import BadInputError
from devsim.core.files import Document, Frozen
from devsim.core.quantities import ByteCount, Count, IterationCount, OperationCount, Seed
from devsim.core.text_types import ChunkName, Digest, Label, Name, Remark

MANIFEST_NAME = "manifest.json"


PackagePath = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9._+-]*(/[A-Za-z0-9_][A-Za-z0-9._+-]*)*$", max_length=600
    ),
    Field(description="names, parted by /, inside the models folder"),
]
Shape = tuple[Annotated[int, Field(strict=True, ge=1, le=10**9)], ...]
VariantName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=32)]


class Port(Frozen):
    """One input or output of a package, and the stage tensor it reads or writes.

    A package's output may not carry the name of its input, so ``name`` (what the package calls
    it) and ``tensor`` (what flows between blocks) differ where a block updates a tensor.
    """

    name: Label
    tensor: Label
    shape: Shape
    dtype: Literal["float32", "float16", "int32"]


class Check(Frozen):
    """A package's outputs against those of the torch module it was made from."""

    psnr_db: float | None = Field(
        description="of the worst output, against its largest magnitude; null when all are equal"
    )
    max_error: float = Field(ge=0, description="the largest absolute difference of any output")
    seed: Seed = Field(description="of the inputs")
    runtime: Label = Field(description="what ran the package")


class Block(Frozen):
    """One converted block: its package and its interface."""

    name: ChunkName
    package: PackagePath
    digest: Digest
    weight_bytes: ByteCount = Field(description="size of weight.bin on disk")
    parameters: Count
    flops: OperationCount = Field(description="of one compute; a multiply-add counts as two")
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    check: Check | None = Field(default=None, description="null where it was not checked")
    recipe: Label | None = Field(
        default=None, description="digest of all that decides what a converted package holds"
    )


class StageManifest(Frozen):
    """The blocks of one stage, in compute order, and other variants of some of them."""

    name: Name
    iterations: IterationCount = Field(description="the workload's default")
    precision: VariantName = Field(description="of the blocks; the name of the default variant")
    blocks: tuple[Block, ...] = Field(min_length=1)
    alternatives: dict[VariantName, tuple[Block, ...]] = Field(
        default={}, description="by variant; blocks that a variant leaves out are the default's"
    )

    def variant(self, name: str) -> tuple[Block, ...]:
        """Every block of the stage in one variant, in compute order.

        Raises:
            BadInputError: the stage has no such variant.
        """
        if name == self.precision:
            return self.blocks
        if name not in self.alternatives:
            known = ", ".join((self.precision, *self.alternatives))
            raise BadInputError(
                f"stage {self.name} has no variant '{name}'", f"its variants are: {known}"
            )
        other = {block.name: block for block in self.alternatives[name]}
        return tuple(other.get(block.name, block) for block in self.blocks)

    def packages(self) -> tuple[Block, ...]:
        """The blocks of the default variant, then those of the alternatives."""
        others = (block for blocks in self.alternatives.values() for block in blocks)
        return (*self.blocks, *others)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for blocks in (self.blocks, *self.alternatives.values()):
            names = [block.name for block in blocks]
            if len(set(names)) != len(names):
                raise ValueError(f"stage {self.name} has two blocks of one name")
        return self

    @model_validator(mode="after")
    def _alternatives_are_of_blocks(self) -> Self:
        if self.precision in self.alternatives:
            raise ValueError(f"stage {self.name} has variant '{self.precision}' twice")
        names = {block.name for block in self.blocks}
        for variant, blocks in self.alternatives.items():
            for block in blocks:
                if block.name not in names:
                    raise ValueError(
                        f"variant '{variant}' is of block {block.name}, "
                        f"which stage {self.name} has not"
                    )
        return self


class Manifest(Document):
    """The ``manifest.json`` of a folder of converted packages."""

    schema_version: Literal[1]
    workload: Name
    size: Label = Field(description="full, or the reduced size the blocks were made at")
    weights: Remark = Field(description="their origin: a checkpoint, or 'random seed N'")
    shape: Remark = Field(description="the input shape the packages were converted for")
    stages: tuple[StageManifest, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _read_one_precision_of_all_stages(cls, data: object) -> object:
        """Manifests once said the precision for all stages at once."""
        if not isinstance(data, dict) or not isinstance(data.get("stages"), list):
            return data
        rest = {name: value for name, value in data.items() if name != "precision"}
        common = {"precision": data["precision"]} if "precision" in data else {}
        stages = [{**common, **s} if isinstance(s, dict) else s for s in data["stages"]]
        return {**rest, "stages": stages}

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        if len({stage.name for stage in self.stages}) != len(self.stages):
            raise ValueError("two stages share a name")
        return self
