"""A folder of converted packages, checked against what is to be run from it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devsim.core.errors import BadFileError, BadInputError
from devsim.core.manifest import MANIFEST_NAME, Block, Manifest, StageManifest
from devsim.core.pipeline import Pipeline, Stage
from devsim.core.plan import Plan, package_key
from devsim.mlpackage.checked import checked_package, package_folder


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
        for block in models.packages():
            models.path(block)
        return models

    def path(self, block: Block) -> Path:
        """Where a block's package is.

        Raises:
            BadFileError: it is missing, or lies outside the folder.
        """
        return package_folder(self.folder, block)

    def packages(self) -> Iterator[Block]:
        """Every package of every stage and variant."""
        for stage in self.manifest.stages:
            yield from stage.packages()

    def require_unchanged(self) -> None:
        """Read every package, and compare its bytes with the manifest.

        Raises:
            BadFileError: a package is not the one that the manifest describes.
        """
        for block in self.packages():
            checked_package(self.folder, block)

    def require_profiled(self, plan: Plan) -> None:
        """Check that the packages a plan runs are those that its profile was made of.

        Raises:
            BadFileError: one of them has changed since.
        """
        for stage, chunks in zip(plan.pipeline.stages, self.chunks(plan.pipeline), strict=True):
            for chunk, blocks in zip(stage.chunks, chunks, strict=True):
                variant = chunk.variant or stage.variant
                for block in blocks:
                    profiled = plan.packages.get(package_key(stage.name, variant, block.name), "")
                    if profiled and block.digest and block.digest != profiled:
                        raise BadFileError(
                            self.folder / block.package,
                            "is not the package that was profiled",
                            "profile the folder and plan again, or name the profiled folder",
                        )
                    checked_package(self.folder, block)

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
