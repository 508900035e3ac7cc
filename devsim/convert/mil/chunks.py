"""A plan's chunks as packages: the blocks of each, joined."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from devsim.convert.mil.folder import new_folder
from devsim.convert.mil.join import Part, join_packages
from devsim.convert.mil.writer import weight_file_bytes
from devsim.core.confined import writable
from devsim.core.errors import BadInputError
from devsim.core.files import package_digest, package_files
from devsim.core.manifest import MANIFEST_NAME, Block, Manifest, StageManifest
from devsim.core.pipeline import Chunk, Stage
from devsim.core.plan import Plan
from devsim.mlpackage.checked import checked_package

OnChunk = Callable[[int, int, str], None]


def join_chunks(
    plan: Plan,
    models: Path,
    out: Path,
    *,
    force: bool = False,
    on_chunk: OnChunk = lambda done, total, name: None,
) -> Manifest:
    """Make a folder whose blocks are a plan's chunks.

    Args:
        plan: the plan.
        models: the folder of packages that the plan's profile was made of.
        out: the folder to make.
        force: replace a folder of packages.
        on_chunk: called before each chunk with how many are ready, how many there are, its name.

    Returns:
        The manifest, as written.

    Raises:
        BadFileError: a package is missing or damaged.
        BadInputError: ``models`` is not what the plan was made of, or ``out`` cannot be written.
    """
    source = Manifest.read(models / MANIFEST_NAME)
    phases = _phases(plan, source, models)
    total = sum(len(phase.chunks) for several in phases.values() for phase in several)
    done = 0
    with new_folder(out, force=force) as folder:
        made: dict[tuple[str, ...], Block] = {}
        stages = []
        for stage in [stage for stage in source.stages if stage.name in phases]:
            variants: dict[str, list[Block]] = {}
            for phase in phases[stage.name]:
                variants[phase.variant] = []
                for chunk in phase.chunks:
                    on_chunk(done, total, chunk.name)
                    whole = stage.variant(chunk.variant or phase.variant)
                    key = tuple(b.package for b in whole if b.name in chunk.blocks)
                    if key not in made:
                        path = _package(stage, phase, chunk)
                        made[key] = _chunk_block(whole, chunk, models, folder, path)
                    variants[phase.variant].append(made[key])
                    done += 1
            stages.append(_stage(stage, variants))
        manifest = source.model_copy(update={"stages": tuple(stages)})
        manifest.write(folder / MANIFEST_NAME)
    return manifest


def _phases(plan: Plan, source: Manifest, models: Path) -> dict[str, list[Stage]]:
    """The plan's stages by name, each variant once; refuses a plan of another folder."""
    known = {stage.name: stage for stage in source.stages}
    phases: dict[str, list[Stage]] = {}
    for phase in plan.pipeline.stages:
        names = [name for chunk in phase.chunks for name in chunk.blocks]
        if phase.name not in known or names != [b.name for b in known[phase.name].blocks]:
            raise BadInputError(
                f"{models}: stage {phase.name} is missing or has other blocks than the plan",
                "name the folder that the plan's profile was made of",
            )
        others = phases.setdefault(phase.name, [])
        if any([c.name for c in o.chunks] != [c.name for c in phase.chunks] for o in others):
            raise BadInputError(
                f"stage {phase.name}: its phases are cut at different places",
                "make a plan whose phases have the same chunks",
            )
        if all(other.variant != phase.variant for other in others):
            others.append(phase)
    return phases


def _package(stage: StageManifest, phase: Stage, chunk: Chunk) -> Path:
    variant = "" if phase.variant == stage.precision else f".{phase.variant}"
    return Path(stage.name) / f"{chunk.name}{variant}.mlpackage"


def _chunk_block(
    whole: Sequence[Block], chunk: Chunk, models: Path, folder: Path, path: Path
) -> Block:
    """A chunk's package: of several blocks a joined one, of one block a copy."""
    package = writable(folder, path.as_posix())
    blocks = [block for block in whole if block.name in chunk.blocks]
    if len(blocks) == 1:
        _copy(checked_package(models, blocks[0]), package)
        return blocks[0].model_copy(update={"name": chunk.name, "package": path.as_posix()})
    parts = [Part(checked_package(models, block), block) for block in blocks]
    inputs, outputs = join_packages(parts, _given(whole, chunk), package)
    return Block(
        name=chunk.name,
        package=path.as_posix(),
        digest=package_digest(package),
        weight_bytes=weight_file_bytes(package),
        parameters=sum(block.parameters for block in blocks),
        flops=sum(block.flops for block in blocks),
        inputs=inputs,
        outputs=outputs,
    )


def _given(blocks: Sequence[Block], chunk: Chunk) -> frozenset[str]:
    """The stage tensors that a chunk gives: those read after it, and those never read."""
    inside = [number for number, block in enumerate(blocks) if block.name in chunk.blocks]
    written = {port.tensor: n for n in inside for port in blocks[n].outputs}
    readers = {tensor: _readers(blocks, tensor, writer) for tensor, writer in written.items()}
    return frozenset(t for t, by in readers.items() if not by or by[-1] > inside[-1])


def _readers(blocks: Sequence[Block], tensor: str, writer: int) -> list[int]:
    """The blocks that read what one has written, until another writes it."""
    readers = []
    for number in range(writer + 1, len(blocks)):
        if any(port.tensor == tensor for port in blocks[number].inputs):
            readers.append(number)
        if any(port.tensor == tensor for port in blocks[number].outputs):
            break
    return readers


def _stage(stage: StageManifest, variants: Mapping[str, Sequence[Block]]) -> StageManifest:
    """The stage with chunks for blocks; what a variant shares with the first it leaves out."""
    first = stage.precision if stage.precision in variants else next(iter(variants))
    default = tuple(variants[first])
    others = {
        name: tuple(block for block in blocks if block not in default)
        for name, blocks in variants.items()
        if name != first
    }
    return StageManifest(
        name=stage.name,
        iterations=stage.iterations,
        precision=first,
        blocks=default,
        alternatives=others,
    )


def _copy(source: Path, target: Path) -> None:
    for name, path in package_files(source):
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
