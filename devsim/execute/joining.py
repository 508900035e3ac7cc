"""What joining blocks into one package saves: the part of a load or compute that is paid once."""

import statistics
from collections.abc import Mapping
from typing import NamedTuple

from devsim.core.errors import BadInputError
from devsim.core.manifest import Block
from devsim.execute.feed import subjects
from devsim.execute.inputs import StageInputs
from devsim.execute.measure import Bench, Effort, Measurement, measure
from devsim.execute.models import Models


class Joining(NamedTuple):
    """What each joined package saves for every block after its first, in nanoseconds."""

    load_fixed_ns: tuple[int, ...]
    dispatch_ns: tuple[int, ...]


def measure_joining(
    bench: Bench,
    joined: Models,
    blocks: Models,
    measured: Mapping[str, Measurement],
    effort: Effort,
    inputs: StageInputs,
) -> Joining:
    """Measure joined packages and compare each with its blocks, measured one by one.

    Args:
        bench: where.
        joined: packages of several blocks each, as ``devsim convert --plan`` makes them.
        blocks: the packages of those blocks.
        measured: of the blocks, by digest.
        effort: how often each is measured.
        inputs: of every stage.

    Raises:
        BadInputError: no package of ``joined`` joins blocks of ``blocks``.
    """
    loads, computes = [], []
    alone = {
        package.digest: _members(package.name, blocks.stage(stage.name).blocks)
        for stage in joined.manifest.stages
        for package in stage.blocks
    }
    for package, subject in subjects(bench, joined, inputs):
        parts = [measured[block.digest] for block in alone.get(package.digest, ())]
        if len(parts) < 2:
            continue
        whole = measure(bench, subject, effort)
        loads.append(_saved([p.cached_load_ns for p in parts], whole.cached_load_ns))
        computes.append(_saved([p.compute_ns for p in parts], whole.compute_ns))
    if not loads:
        raise BadInputError(
            f"{joined.folder}: no package joins blocks of {blocks.folder}",
            "give a folder that devsim convert --plan made of the same blocks",
        )
    return Joining(tuple(loads), tuple(computes))


def _members(name: str, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """The blocks from the first to the last that a chunk's name has; none where it has others."""
    names = [block.name for block in blocks]
    first, _, last = name.partition("..")
    if first not in names or last not in names:
        return ()
    return blocks[names.index(first) : names.index(last) + 1]


def _saved(parts_ns: list[tuple[int, ...]], whole_ns: tuple[int, ...]) -> int:
    """By each part after the first; nothing where the whole takes longer than its parts."""
    apart = sum(statistics.median(part) for part in parts_ns)
    return max(0, round((apart - statistics.median(whole_ns)) / (len(parts_ns) - 1)))
