"""A folder of converted packages, checked against what is to be run from it."""

from dataclasses import dataclass
from pathlib import Path

from devsim.core.errors import BadFileError, BadInputError
from devsim.core.manifest import MANIFEST_NAME, Block, Manifest, StageManifest
from devsim.core.pipeline import Pipeline, Stage


@dataclass(frozen=True)
class Models:
    """The packages of a folder, by stage and block."""

    folder: Path
    manifest: Manifest

    @classmethod
    def open(cls, folder: Path) -> "Models":
        """Read a folder's manifest and check that its packages are there.

        Raises:
            BadFileError: the manifest or a package is missing or damaged.
        """
        models = cls(folder, Manifest.read(folder / MANIFEST_NAME))
        for stage in models.manifest.stages:
            for block in stage.packages():
                if not models.path(block).is_dir():
                    raise BadFileError(
                        models.path(block), "package is missing", "convert the workload again"
                    )
        return models

    def path(self, block: Block) -> Path:
        """Where a block's package is."""
        return self.folder / block.package

    def stage(self, name: str) -> StageManifest:
        """A stage by name.

        Raises:
            BadInputError: the folder has no such stage.
        """
        for stage in self.manifest.stages:
            if stage.name == name:
                return stage
        raise BadInputError(
            f"{self.folder}: has no stage '{name}'", "name the folder that the profile was made of"
        )

    def chunks(self, pipeline: Pipeline) -> list[list[tuple[Block, ...]]]:
        """The packages of every chunk of every stage of a pipeline, in compute order.

        A chunk has one package where the folder's blocks are the pipeline's chunks, joined.

        Raises:
            BadInputError: the pipeline has blocks that the folder lacks, or in another order.
        """
        return [self._stage_chunks(stage) for stage in pipeline.stages]

    def _stage_chunks(self, stage: Stage) -> list[tuple[Block, ...]]:
        converted = self.stage(stage.name)
        names = [block.name for block in converted.blocks]
        wanted: list[tuple[str, ...]]
        if names == [chunk.name for chunk in stage.chunks]:
            wanted = [(chunk.name,) for chunk in stage.chunks]
        elif names == [name for chunk in stage.chunks for name in chunk.blocks]:
            wanted = [chunk.blocks for chunk in stage.chunks]
        else:
            raise BadInputError(
                f"{self.folder}: stage {stage.name} has other blocks than the plan",
                "make the plan from a profile of this folder, or convert the plan's chunks",
            )
        chunks = []
        for chunk, blocks in zip(stage.chunks, wanted, strict=True):
            variant = converted.variant(chunk.variant or stage.variant)
            by_name = {block.name: block for block in variant}
            chunks.append(tuple(by_name[name] for name in blocks))
        return chunks
