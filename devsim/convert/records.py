"""What is already in the folder that a conversion fills, and what of it stays."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from devsim.convert.job import Job
from devsim.convert.source import PipelineSource
from devsim.core.confined import remove, writable
from devsim.core.errors import BadFileError, BadInputError
from devsim.core.files import Document
from devsim.core.manifest import MANIFEST_NAME, Block, Manifest, StageManifest
from devsim.mlpackage.checked import checked_package

WORK = ".converting"
"""Holds ``records`` of finished packages and ``partial`` ones, until a conversion is finished."""
PARTIAL = f"{WORK}/partial"
_RECORDS = f"{WORK}/records"
_PACKAGE = ".mlpackage"


class Record(Document):
    """A finished package, until the manifest tells of it."""

    schema_version: Literal[1]
    block: Block


@dataclass(frozen=True, slots=True)
class Found:
    """What a folder holds.

    Attributes:
        blocks: packages that may be kept, by path.
        stages: the stages that this conversion leaves as they are.
    """

    blocks: dict[str, Block]
    stages: tuple[StageManifest, ...]

    def ready(self, job: Job, out: Path) -> Block | None:
        """The package of a job, if it is there, whole, of this recipe, and checked if asked."""
        block = self.blocks.get(job.package.as_posix())
        if block is None or block.recipe != job.recipe or (job.check and block.check is None):
            return None
        try:
            return block if checked_package(out, block) else None
        except BadFileError:
            return None


def prepare(source: PipelineSource, jobs: Sequence[Job], out: Path, *, force: bool) -> Found:
    """Find what can be kept, and remove what is in the way.

    Raises:
        BadInputError: packages of another conversion are in the way, and ``force`` is false.
    """
    manifest = _manifest(out / MANIFEST_NAME, force=force)
    stages = _others(manifest, source, {job.stage for job in jobs}) if manifest else ()
    blocks = _packages(manifest.stages) if manifest else {}
    lost = _lost({path: blocks[path] for path in blocks.keys() - _packages(stages).keys()}, jobs)
    if lost and not force:
        raise BadInputError(
            f"{out}: {lost[0]} is of another conversion",
            "add --force to replace it or choose another --output",
        )
    remove(out, PARTIAL)  # of a conversion that was killed
    for job in jobs:
        writable(out, job.package.as_posix())
    writable(out, f"{_RECORDS}/any").parent.mkdir(parents=True, exist_ok=True)
    if lost and manifest:
        _forget(manifest, lost, stages, out)
    return Found(blocks | _records(out, jobs), stages)


def publish(out: Path, partial: Path, block: Block) -> None:
    """Move a finished package to its place, and note that it is finished."""
    remove(out, block.package)
    package = writable(out, block.package)
    package.parent.mkdir(parents=True, exist_ok=True)
    partial.rename(package)
    Record(schema_version=1, block=block).write(out / _record(block.package), force=True)


def tidy(out: Path, jobs: Sequence[Job]) -> None:
    """Remove the records of packages that the manifest tells of now."""
    for job in jobs:
        remove(out, _record(job.package.as_posix()))
    sweep(out)


def sweep(out: Path) -> None:
    """Remove half packages, and the folders that are left empty."""
    with contextlib.suppress(BadInputError):  # a link is in the way, which stays
        remove(out, PARTIAL)
    for folder in (out / _RECORDS, out / WORK):
        with contextlib.suppress(OSError):
            folder.rmdir()


def _manifest(path: Path, *, force: bool) -> Manifest | None:
    if not path.exists():
        return None
    try:
        return Manifest.read(path)
    except BadFileError as error:
        if not force:
            raise BadInputError(error.problem, "add --force to replace it") from error
        return None


def _others(
    manifest: Manifest, source: PipelineSource, names: set[str]
) -> tuple[StageManifest, ...]:
    """The stages of an earlier conversion of the same workload that this one leaves out."""
    was = (manifest.workload, manifest.size, manifest.shape, manifest.weights)
    if was != (source.workload, source.size, source.shape, source.weights):
        return ()
    return tuple(stage for stage in manifest.stages if stage.name not in names)


def _packages(stages: Sequence[StageManifest]) -> dict[str, Block]:
    return {block.package: block for stage in stages for block in stage.packages()}


def _lost(blocks: dict[str, Block], jobs: Sequence[Job]) -> list[str]:
    wanted = {job.package.as_posix(): job.recipe for job in jobs}
    return sorted(path for path, block in blocks.items() if wanted.get(path) != block.recipe)


def _forget(
    manifest: Manifest, lost: Sequence[str], stages: tuple[StageManifest, ...], out: Path
) -> None:
    """Remove packages; until there is a new manifest, it tells of the other stages only."""
    (out / MANIFEST_NAME).unlink()
    told = _packages(stages).keys()
    for path, block in _packages(manifest.stages).items():
        if path not in lost and path not in told:
            Record(schema_version=1, block=block).write(out / _record(path), force=True)
    if stages:
        manifest.model_copy(update={"stages": stages}).write(out / MANIFEST_NAME)
    for path in lost:
        remove(out, path)


def _records(out: Path, jobs: Sequence[Job]) -> dict[str, Block]:
    """Finished packages of an interrupted conversion of the jobs' stages.

    Those that are not among the jobs' are removed.
    """
    recipes = {job.package.as_posix(): job.recipe for job in jobs}
    stages = {job.package.parts[0] for job in jobs}
    found = {}
    for path in (out / _RECORDS).glob("*.json"):
        try:
            block = Record.read(path).block
        except BadFileError:
            path.unlink()
            continue
        if recipes.get(block.package) == block.recipe:
            found[block.package] = block
        elif Path(block.package).parts[0] in stages:
            if block.package.endswith(_PACKAGE):
                remove(out, block.package)
            path.unlink()
    return found


def _record(package: str) -> str:
    return f"{_RECORDS}/{package.replace('/', '.')}.json"
