"""What a converted folder holds: the blocks of each stage, in order, one package each."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from devsim.core.files import Document, Frozen

MANIFEST_NAME = "manifest.json"


def _inside(path: str) -> str:
    parts = Path(path).parts
    if not parts or Path(path).is_absolute() or ".." in parts or "\0" in path:
        raise ValueError("must be a relative path inside the models folder")
    return path


RelativePath = Annotated[str, AfterValidator(_inside)]
Shape = tuple[Annotated[int, Field(ge=1)], ...]


class Port(Frozen):
    """One input or output of a package, and the stage tensor it reads or writes.

    A package's output may not carry the name of its input, so ``name`` (what the package calls
    it) and ``tensor`` (what flows between blocks) differ where a block updates a tensor.
    """

    name: str
    tensor: str
    shape: Shape
    dtype: Literal["float32", "float16", "int32"]


class Block(Frozen):
    """One converted block: its package and its interface."""

    name: str
    package: RelativePath
    digest: str
    weight_bytes: int = Field(ge=0, description="size of weight.bin on disk")
    parameters: int = Field(ge=0)
    flops: int = Field(ge=0, description="of one compute; a multiply-add counts as two")
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


class StageManifest(Frozen):
    """The blocks of one stage, in compute order."""

    name: str
    iterations: int = Field(ge=1, description="the workload's default")
    blocks: tuple[Block, ...] = Field(min_length=1)


class Manifest(Document):
    """The ``manifest.json`` of a folder of converted packages."""

    schema_version: Literal[1]
    workload: str
    size: str = Field(description="full, or the reduced size the blocks were made at")
    weights: str = Field(description="their origin: a checkpoint, or 'random seed N'")
    precision: Literal["fp32", "fp16"]
    shape: str = Field(description="the input shape the packages were converted for")
    stages: tuple[StageManifest, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        if len({stage.name for stage in self.stages}) != len(self.stages):
            raise ValueError("two stages share a name")
        for stage in self.stages:
            names = [block.name for block in stage.blocks]
            if len(set(names)) != len(names):
                raise ValueError(f"stage {stage.name} has two blocks of one name")
        return self
