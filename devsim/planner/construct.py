"""Shapes worth trying first: even cuts, with residents chosen by a rule."""

from collections.abc import Iterator, Sequence
from itertools import accumulate

from devsim.core.pipeline import ChunkCost
from devsim.planner.shape import Shape, bounds_of, shape_of
from devsim.planner.source import Bounds, StageSource

_MOST_SIZES = 24
_SLOTS = (1.0, 2.0, 3.0, 4.0)


def constructed(source: StageSource, room_bytes: int) -> Iterator[Shape]:
    """Even cuts of every chunk size that may fit, with several sets of residents each."""
    for bounds in _cuts(source, room_bytes):
        costs = [source.chunk(start, end).cost for start, end in bounds]
        streamed, kept = shape_of(bounds, ()), shape_of(bounds, range(len(bounds)))
        for resident in dict.fromkeys(_residents(costs, room_bytes, source.iterations)):
            pieces = list(streamed.pieces)
            for number in resident:
                pieces[number] = kept.pieces[number]
            yield Shape(tuple(pieces), len(pieces))


def finest(source: StageSource) -> Shape:
    """One chunk a block, nothing resident: it needs the least memory of all."""
    return shape_of(bounds_of(range(1, len(source.blocks) + 1)), ())


def _cuts(source: StageSource, room_bytes: int) -> Iterator[Bounds]:
    """Even by number of blocks, and even by bytes, for a range of numbers of chunks."""
    count = len(source.blocks)
    sizes = list(accumulate(cost.resident_bytes for cost in source.costs))
    uneven = len({cost.resident_bytes for cost in source.costs}) > 1
    seen: set[Bounds] = set()
    for chunks in _chunk_counts(count):
        by_count = [-(-count * (n + 1) // chunks) for n in range(chunks)]
        cuts = [by_count]
        if uneven and sizes[-1]:
            cuts.append(_even_by_bytes(sizes, chunks))
        for ends in cuts:
            bounds = bounds_of(ends)
            if bounds in seen:
                continue
            seen.add(bounds)
            if all(_alone_bytes(source.chunk(*bound).cost) <= room_bytes for bound in bounds):
                yield bounds


def _chunk_counts(blocks: int) -> list[int]:
    """From one chunk a block to one chunk; of many, some, closer together where chunks are few."""
    counts = sorted({-(-blocks // size) for size in range(1, blocks + 1)}, reverse=True)
    while len(counts) > _MOST_SIZES:
        counts = counts[:4] + counts[4::2]
    return counts


def _even_by_bytes(sizes: Sequence[int], chunks: int) -> list[int]:
    """Ends of chunks of about the same bytes, none empty; ``sizes`` are running totals."""
    ends: list[int] = []
    count = len(sizes)
    at = 0
    for number in range(1, chunks):
        goal = sizes[-1] * number
        at = max(at + 1, number)
        while at < count - (chunks - number) and sizes[at - 1] * chunks < goal:
            at += 1
        ends.append(at)
    return [*ends, count]


def _residents(
    costs: Sequence[ChunkCost], room_bytes: int, iterations: int
) -> Iterator[tuple[int, ...]]:
    """What to keep when some slots are left to stream the rest through."""
    yield ()
    if iterations == 1:
        return
    total = sum(cost.resident_bytes for cost in costs)
    active = max(cost.working_bytes for cost in costs)
    if total + active <= room_bytes:
        yield tuple(range(len(costs)))
    slot = max(cost.resident_bytes + cost.transient_bytes for cost in costs)
    for slots in _SLOTS:
        hold_bytes = room_bytes - active - round(slots * slot)
        if hold_bytes > 0:
            yield spread_by_bytes(costs, hold_bytes)
            yield spread_by_load(costs, hold_bytes)
            yield slowest_a_byte(costs, hold_bytes)


def spread_by_bytes(costs: Sequence[ChunkCost], hold_bytes: int) -> tuple[int, ...]:
    """As many bytes as may be held, as evenly along the stage as chunks allow."""
    return _diffused([cost.resident_bytes for cost in costs], costs, hold_bytes)


def spread_by_load(costs: Sequence[ChunkCost], hold_bytes: int) -> tuple[int, ...]:
    """Evenly by load time, so that what is left to load keeps a steady pace."""
    return _diffused([cost.cached_load_ns for cost in costs], costs, hold_bytes)


def slowest_a_byte(costs: Sequence[ChunkCost], hold_bytes: int) -> tuple[int, ...]:
    """What takes longest to load a byte, until no more fits."""
    order = sorted(
        range(len(costs)),
        key=lambda n: -costs[n].cached_load_ns / max(costs[n].resident_bytes, 1),
    )
    return _fitting(order, costs, hold_bytes)


def _diffused(
    weights: Sequence[int], costs: Sequence[ChunkCost], hold_bytes: int
) -> tuple[int, ...]:
    """Keep a chunk whenever the share of what has gone by that is due exceeds what was kept.

    The share is bisected until no other chunk fits; the first guess is what all bytes would give.
    The bytes then kept, as a share, place them alike whatever is left of ``hold_bytes``.
    """
    sizes = [cost.resident_bytes for cost in costs]
    total_bytes, smallest = max(1, sum(sizes)), min(sizes)
    low, share, high = 0, min(hold_bytes, total_bytes), 2 * total_bytes
    best: tuple[int, ...] = ()
    held = 0
    for _ in range(12):
        kept = _due(weights, share, total_bytes)
        kept_bytes = sum([sizes[number] for number in kept])
        if kept_bytes > hold_bytes:
            high = share
        else:
            best, held, low = kept, kept_bytes, share
            if hold_bytes - held < smallest:
                break
        share = (low + high) // 2
    again = _due(weights, held, total_bytes)
    return again if sum([sizes[number] for number in again]) == held else best


def _due(weights: Sequence[int], share: int, total: int) -> tuple[int, ...]:
    """The numbers at which a share of the weights so far is due."""
    due, kept = 0, []
    for number, weight in enumerate(weights):
        due += weight * share
        whole = weight * total
        if 2 * due >= whole:
            due -= whole
            kept.append(number)
    return tuple(kept)


def _fitting(order: Sequence[int], costs: Sequence[ChunkCost], hold_bytes: int) -> tuple[int, ...]:
    kept, held = [], 0
    for number in order:
        if held + costs[number].resident_bytes <= hold_bytes:
            held += costs[number].resident_bytes
            kept.append(number)
    return tuple(sorted(kept))


def _alone_bytes(cost: ChunkCost) -> int:
    passing = max(cost.transient_bytes, cost.activation_bytes)
    return cost.resident_bytes + cost.carried_bytes + passing
