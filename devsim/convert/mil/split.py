"""Cuts a package into blocks: a folder of packages and a manifest, as of any other workload."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from devsim.convert.mil.balance import Items, balanced
from devsim.convert.mil.blobs import Blob, WeightFile
from devsim.convert.mil.cut import Segment, segment_model, segment_ports, segments
from devsim.convert.mil.folder import new_folder
from devsim.convert.mil.graph import Graph, read_graph
from devsim.convert.mil.places import (
    Place,
    check_interface,
    legal_places,
    named_places,
)
from devsim.convert.mil.report import Split
from devsim.convert.mil.tally import Tally, describe
from devsim.convert.mil.writer import weight_file_bytes, write_package
from devsim.core.errors import BadInputError
from devsim.core.files import package_digest
from devsim.core.manifest import MANIFEST_NAME, Block, Manifest, StageManifest
from devsim.mlpackage.package import open_package

Balance = Literal["weights", "flops"]
OnBlock = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class IntoBlocks:
    """So many blocks, of nearly equal weights or FLOPs."""

    blocks: int
    balance: Balance = "weights"


@dataclass(frozen=True, slots=True)
class Everywhere:
    """At every legal place."""


@dataclass(frozen=True, slots=True)
class After:
    """Right after the operations that make these values."""

    values: tuple[str, ...]


Where = IntoBlocks | Everywhere | After


def split_package(
    package: Path,
    out: Path,
    where: Where,
    *,
    function: str | None = None,
    force: bool = False,
    on_block: OnBlock = lambda done, total, name: None,
) -> Split:
    """Cut a package into blocks that, run one after another, compute what it computes.

    Args:
        package: the ``.mlpackage``, an ML program.
        out: the folder that will hold ``manifest.json`` and ``NAME/block_NN.mlpackage``.
        where: to cut.
        function: of the program; None for its only one.
        force: replace a folder of packages.
        on_block: called before each block with how many are written, how many there are, its name.

    Raises:
        BadFileError: the package is missing, damaged, or no ML program.
        BadInputError: it cannot be cut so, or ``out`` cannot be written.
    """
    graph = read_graph(open_package(package), function)
    check_interface(graph)
    tally = Tally.of(graph)
    places = legal_places(graph)
    chosen = _choose(graph, tally, places, where)
    parts = segments(graph, [place.after for place in chosen])
    names = _names(len(parts))
    stage = re.sub(r"[^A-Za-z0-9_.-]", "_", package.stem).lstrip(".") or "model"
    with new_folder(out, force=force) as folder:
        blocks = []
        for number, (name, part) in enumerate(zip(names, parts, strict=True)):
            on_block(number, len(parts), name)
            blocks.append(_write_block(graph, part, name, folder, stage))
        _manifest(graph, stage, blocks).write(folder / MANIFEST_NAME)
    return describe(graph, tally, len(places), chosen, parts, names)


def _choose(graph: Graph, tally: Tally, places: Sequence[Place], where: Where) -> tuple[Place, ...]:
    if isinstance(where, Everywhere):
        return tuple(places)
    if isinstance(where, After):
        return named_places(graph, places, where.values)
    if where.blocks > len(places) + 1:
        raise BadInputError(
            f"{graph.package.root}: has {len(places)} legal places, so at most "
            f"{len(places) + 1} blocks",
            "ask for fewer --blocks",
        )
    by_weights = where.balance == "weights" and any(tally.blobs)
    return balanced(places, _weights(tally) if by_weights else _flops(tally), where.blocks)


def _weights(tally: Tally) -> Items:
    return [{blob: blob.size_bytes for blob in blobs} for blobs in tally.blobs]


def _flops(tally: Tally) -> Items:
    return [{number: flops} for number, flops in enumerate(tally.flops)]


def _names(count: int) -> list[str]:
    digits = max(2, len(str(count - 1)))
    return [f"block_{number:0{digits}d}" for number in range(count)]


def _write_block(graph: Graph, part: Segment, name: str, folder: Path, stage: str) -> Block:
    package = Path(stage) / f"{name}.mlpackage"
    inputs, outputs = segment_ports(graph, part)
    if not inputs:
        raise BadInputError(
            f"{graph.package.root}: {name} would take no input", "cut it at other places"
        )
    write_package(segment_model(graph, part), graph.blobs, folder / package, WeightFile.copy)
    return Block(
        name=name,
        package=package.as_posix(),
        digest=package_digest(folder / package),
        weight_bytes=weight_file_bytes(folder / package),
        parameters=_parameters(graph, part),
        flops=sum(node.flops for node in part.nodes),
        inputs=inputs,
        outputs=outputs,
    )


def _parameters(graph: Graph, part: Segment) -> int:
    """Elements of the weights; of compressed ones as many as they stand for."""
    compressed = [n for n in part.nodes if n.message.type.startswith("constexpr_")]
    inner = {name for node in compressed for name in node.reads}
    holders = [n for n in part.nodes if n.constant and (n.blobs or n in compressed)]
    return sum(
        graph.elements(name) for node in holders for name in node.writes if name not in inner
    )


def _manifest(graph: Graph, stage: str, blocks: Sequence[Block]) -> Manifest:
    package = graph.package.root
    ports = {port.tensor: port for block in blocks for port in block.inputs}
    shapes = (
        f"{name} {'x'.join(map(str, ports[name].shape))}" for name in graph.inputs if name in ports
    )
    return Manifest(
        schema_version=1,
        workload=stage,
        size="full",
        weights=f"{package.name}, sha256 {package_digest(package)}",
        shape=", ".join(shapes),
        stages=(
            StageManifest(
                name=stage,
                iterations=1,
                precision=_precision(graph.blobs.values()),
                blocks=tuple(blocks),
            ),
        ),
    )


def _precision(blobs: Iterable[Blob]) -> str:
    """The element type that most of the weights' bytes are of."""
    sizes: Counter[str] = Counter()
    for blob in blobs:
        sizes[blob.element] += blob.size_bytes
    return sizes.most_common(1)[0][0] if sizes else "fp32"
