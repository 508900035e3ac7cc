"""A whole workload to a folder of packages and their manifest; goes on where it was stopped."""

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import devsim
from devsim.convert.package import (
    PARTIAL,
    Precision,
    count_flops,
    weight_file_bytes,
    write_package,
)
from devsim.convert.source import BlockSource, PipelineSource
from devsim.core.errors import BadFileError, BadInputError
from devsim.core.files import Document, package_digest
from devsim.core.manifest import MANIFEST_NAME, Block, Manifest, StageManifest

_RECORDS = ".converted"


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
    """What a run leaves beside its finished packages until it has finished them all."""

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
    request = _request(source, precision)
    packages = list(_packages(source))
    with _writing(out):
        _prepare(source, out, request, force=force)
    converted: dict[Path, Block] = {}
    for stage, block, package in packages:
        ready = _reusable(out, package, request)
        converted[package] = ready or _convert(block, out, package, request, precision)
        reused = ready is not None
        on_progress(Progress(stage, block.name, len(converted), len(packages), reused))
    manifest = _manifest(source, precision, converted)
    with _writing(out):
        manifest.write(out / MANIFEST_NAME)
        shutil.rmtree(out / _RECORDS)
    return manifest


def _packages(source: PipelineSource) -> Iterator[tuple[str, BlockSource, Path]]:
    for stage in source.stages:
        for block in stage.blocks:
            yield stage.name, block, Path(stage.name) / f"{block.name}.mlpackage"


def _prepare(source: PipelineSource, out: Path, request: str, *, force: bool) -> None:
    """Make the folders, and remove the packages of an earlier request."""
    manifest = out / MANIFEST_NAME
    if manifest.exists():
        if not force:
            raise BadInputError(f"{out}: holds converted packages", "add --force to replace them")
        with contextlib.suppress(BadFileError):
            for stage in Manifest.read(manifest).stages:
                for block in stage.blocks:
                    shutil.rmtree(out / block.package, ignore_errors=True)
        manifest.unlink()
    wanted = {package.as_posix() for _, _, package in _packages(source)}
    for path in (out / _RECORDS).glob("*.json"):
        with contextlib.suppress(BadFileError):
            record = _Record.read(path)
            if record.request == request and record.block.package in wanted:
                continue
            shutil.rmtree(out / record.block.package, ignore_errors=True)
        path.unlink()
    for partial in out.glob(f"*/{PARTIAL}"):
        shutil.rmtree(partial)
    for folder in (_RECORDS, *(stage.name for stage in source.stages)):
        (out / folder).mkdir(parents=True, exist_ok=True)


def _request(source: PipelineSource, precision: Precision) -> str:
    """Digest of everything that decides what a package holds."""
    facts = {
        "workload": source.workload,
        "size": source.size,
        "shape": source.shape,
        "weights": source.weights,
        "precision": precision,
        "versions": [devsim.__version__, version("torch"), version("coremltools")],
    }
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _reusable(out: Path, package: Path, request: str) -> Block | None:
    """The block as an interrupted run of the same request left it, if its package is whole."""
    path = _record_path(out, package)
    if not path.exists():
        return None
    record = _Record.read(path)
    whole = record.request == request and record.block.digest == package_digest(out / package)
    return record.block if whole else None


def _record_path(out: Path, package: Path) -> Path:
    return out / _RECORDS / f"{package.parent.name}.{package.stem}.json"


def _convert(
    block: BlockSource, out: Path, package: Path, request: str, precision: Precision
) -> Block:
    module = block.build()
    with _writing(out):
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


def _manifest(
    source: PipelineSource, precision: Precision, converted: dict[Path, Block]
) -> Manifest:
    blocks = {
        stage.name: tuple(
            converted[package] for name, _, package in _packages(source) if name == stage.name
        )
        for stage in source.stages
    }
    return Manifest(
        schema_version=1,
        workload=source.workload,
        size=source.size,
        weights=source.weights,
        shape=source.shape,
        stages=tuple(
            StageManifest(
                name=stage.name,
                iterations=stage.iterations,
                precision=precision,
                blocks=blocks[stage.name],
            )
            for stage in source.stages
        ),
    )


@contextlib.contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadInputError(
            f"{out}: cannot be written ({error.strerror or error})",
            "choose another --output or free some space",
        ) from error
