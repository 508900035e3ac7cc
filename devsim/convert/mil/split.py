"""Cuts a package into blocks: a folder of packages and a manifest, as of any other workload."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from devsim.convert.mil.balance import Items, balanced
from devsim.convert.mil.blocks import OnBlock, Piece, block_names, write_blocks
from devsim.convert.mil.cut import segments
from devsim.convert.mil.folder import new_folder
from devsim.convert.mil.graph import Graph, read_graph
from devsim.convert.mil.pipelines import take_apart
from devsim.convert.mil.places import (
    Place,
    check_interface,
    legal_places,
    named_places,
)
from devsim.convert.mil.report import Split
from devsim.convert.mil.tally import Tally, describe
from devsim.core.errors import BadInputError
from devsim.mlpackage.forms import is_pipeline
from devsim.mlpackage.package import open_package

Balance = Literal["weights", "flops"]


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
        package: the ``.mlpackage``: an ML program, or a pipeline of them, whose blocks are its
            models.
        out: the folder that will hold ``manifest.json`` and ``NAME/block_NN.mlpackage``.
        where: to cut.
        function: of the program; None for its only one.
        force: replace a folder of packages.
        on_block: called before each block with how many are written, how many there are, its name.

    Raises:
        BadFileError: the package is missing, damaged, or no ML program.
        BadInputError: it cannot be cut so, or ``out`` cannot be written.
    """
    opened = open_package(package)
    stage = re.sub(r"[^A-Za-z0-9_.-]", "_", package.stem).lstrip(".") or "model"
    if is_pipeline(opened.model):
        apart = take_apart(opened, function)
        _check_members(package, where, len(apart.pieces))
        with new_folder(out, force=force) as folder:
            write_blocks(apart.pieces, package, folder, stage, on_block)
        return apart.report
    graph = read_graph(opened, function)
    check_interface(graph)
    tally = Tally.of(graph)
    places = legal_places(graph)
    chosen = _choose(graph, tally, places, where)
    parts = segments(graph, [place.after for place in chosen])
    names = block_names(len(parts))
    pieces = [Piece(name, graph, part) for name, part in zip(names, parts, strict=True)]
    with new_folder(out, force=force) as folder:
        write_blocks(pieces, package, folder, stage, on_block)
    return describe(graph, tally, len(places), chosen, parts, names)


def _check_members(package: Path, where: Where, members: int) -> None:
    if isinstance(where, After) or (isinstance(where, IntoBlocks) and where.blocks != members):
        raise BadInputError(
            f"{package}: is a pipeline of {members} models, which are its blocks",
            f"ask for --blocks {members}, and split a block's package for more",
        )


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
