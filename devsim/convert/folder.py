"""A whole workload to a folder of packages and their manifest; goes on where it was stopped."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import devsim
from devsim.convert.package import Precision, count_flops, weight_file_bytes, write_package
from devsim.convert.source import BlockSource, PipelineSource
from devsim.core.errors import BadFileError, BadInputError
from devsim.core.files import Document, package_digest
from devsim.core.manifest import MANIFEST_NAME, Block, Manifest, StageManifest


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a conversion is, told after each block.

    Attributes:
        stage: the stage of the block.
        block: the block that is ready.
        done: blocks ready so far, of all stages.
        total: blocks there will be.
        reused: the package was left by an interrupted run.
    """

    stage: str
    block: str
    done: int
    total: int
    reused: bool


class _Record(Document):
    """What an interrupted run leaves beside a finished package."""

    schema_version: Literal[1]
    request: str
    block: Block


def convert_pipeline(
    source: PipelineSource,
    out: Path,
    *,
    precision: Precision,
    on_progress: Callable[[Progress], None],
    force: bool,
) -> Manifest:
    """Convert every block; see ``devsim.convert.convert_workload``."""
    if (out / MANIFEST_NAME).exists() and not force:
        raise BadInputError(f"{out}: holds converted packages", "add --force to convert again")
    _make_folders(source, out)
    (out / MANIFEST_NAME).unlink(missing_ok=True)
    request = _request(source, precision)
    total = sum(len(stage.blocks) for stage in source.stages)
    done = 0
    stages = []
    for stage in source.stages:
        blocks = []
        for block in stage.blocks:
            package = Path(stage.name) / f"{block.name}.mlpackage"
            ready = _reusable(out, package, request)
            blocks.append(ready or _convert(block, out, package, request, precision))
            done += 1
            on_progress(Progress(stage.name, block.name, done, total, reused=ready is not None))
        stages.append(
            StageManifest(name=stage.name, iterations=stage.iterations, blocks=tuple(blocks))
        )
    manifest = Manifest(
        schema_version=1,
        workload=source.workload,
        size=source.size,
        weights=source.weights,
        precision=precision,
        shape=source.shape,
        stages=tuple(stages),
    )
    manifest.write(out / MANIFEST_NAME)
    for stage in source.stages:
        shutil.rmtree(out / stage.name / _RECORDS)
    return manifest


_RECORDS = ".converted"


def _make_folders(source: PipelineSource, out: Path) -> None:
    try:
        for stage in source.stages:
            (out / stage.name / _RECORDS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInputError(
            f"{out}: cannot be written ({error.strerror})", "choose another --output"
        ) from error


def _request(source: PipelineSource, precision: Precision) -> str:
    """Digest of everything that decides what the packages hold."""
    facts = {
        "workload": source.workload,
        "size": source.size,
        "shape": source.shape,
        "weights": source.weights,
        "precision": precision,
        "versions": [devsim.__version__, version("torch"), version("coremltools")],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _record_path(out: Path, package: Path) -> Path:
    return out / package.parent / _RECORDS / f"{package.stem}.json"


def _reusable(out: Path, package: Path, request: str) -> Block | None:
    """The block as an interrupted run of the same request left it, if it is still whole."""
    path = _record_path(out, package)
    if not path.exists():
        return None
    try:
        record = _Record.read(path)
    except BadFileError:
        return None
    whole = record.request == request and package_digest(out / package) == record.block.digest
    return record.block if whole else None


def _convert(
    block: BlockSource, out: Path, package: Path, request: str, precision: Precision
) -> Block:
    module = block.build()
    write_package(module, block.inputs, block.outputs, out / package, precision)
    converted = Block(
        name=block.name,
        package=package.as_posix(),
        digest=package_digest(out / package),
        weight_bytes=weight_file_bytes(out / package),
        parameters=sum(parameter.numel() for parameter in module.parameters()),
        flops=count_flops(module, block.inputs),
        inputs=block.inputs,
        outputs=block.outputs,
    )
    record = _Record(schema_version=1, request=request, block=converted)
    record.write(_record_path(out, package), force=True)
    return converted
