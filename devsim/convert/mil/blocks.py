"""The blocks of a split: packages and the manifest of their folder."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from devsim.convert.mil.blobs import Blob, WeightFile
from devsim.convert.mil.cut import Segment, segment_model, segment_ports
from devsim.convert.mil.graph import Graph
from devsim.convert.mil.writer import weight_file_bytes, write_package
from devsim.core.errors import BadInputError
from devsim.core.files import package_digest
from devsim.core.manifest import MANIFEST_NAME, Block, Manifest, StageManifest

OnBlock = Callable[[int, int, str], None]


class Piece(NamedTuple):
    """What becomes a block: a part of a function."""

    name: str
    graph: Graph
    part: Segment


def block_names(count: int) -> list[str]:
    """Names that sort as the blocks run."""
    digits = max(2, len(str(count - 1)))
    return [f"block_{number:0{digits}d}" for number in range(count)]


def write_blocks(
    pieces: Sequence[Piece], package: Path, folder: Path, stage: str, on_block: OnBlock
) -> None:
    """Write the package of every block, and the manifest.

    Args:
        pieces: the blocks, in order.
        package: what they were cut from.
        folder: where they go.
        stage: what the stage is called.
        on_block: called before each block with how many are written, how many there are, its name.

    Raises:
        BadInputError: a block would take no input.
    """
    blocks = []
    for number, piece in enumerate(pieces):
        on_block(number, len(pieces), piece.name)
        blocks.append(_write_block(piece, folder, stage))
    _manifest(pieces, package, stage, blocks).write(folder / MANIFEST_NAME)


def _write_block(piece: Piece, folder: Path, stage: str) -> Block:
    name, graph, part = piece
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


def _manifest(
    pieces: Sequence[Piece], package: Path, stage: str, blocks: Sequence[Block]
) -> Manifest:
    made = {port.tensor for block in blocks for port in block.outputs}
    ports = {port.tensor: port for block in blocks for port in block.inputs}
    names = dict.fromkeys(name for piece in pieces for name in piece.graph.inputs)
    shapes = (
        f"{name} {'x'.join(map(str, ports[name].shape))}"
        for name in names
        if name in ports and name not in made
    )
    blobs = {key: blob for piece in pieces for key, blob in piece.graph.blobs.items()}
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
                precision=_precision(blobs.values()),
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
