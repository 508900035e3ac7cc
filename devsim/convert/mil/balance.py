"""Which of the legal places to cut at: blocks of nearly equal size, and few bytes between them."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from devsim.convert.mil.places import Place

Items = Sequence[Mapping[Hashable, int]]
"""What each operation adds to its block: things and their sizes; a thing counts once a block."""

Numbers = npt.NDArray[np.float64]

_SLACK = 20  # one part in so many above the least possible is near enough


def balanced(places: Sequence[Place], items: Items, blocks: int) -> tuple[Place, ...]:
    """Choose ``blocks - 1`` of the places.

    The largest block is at most a twentieth above the smallest that is possible; of all such
    choices one with the fewest bytes crossing is taken, and of those the most even one.

    Args:
        places: at least ``blocks - 1``, rising.
        items: of every computing operation.
        blocks: how many to make.
    """
    pieces = _pieces(places, items)
    low, high = 0, sum({t: size for piece in pieces for t, size in piece.items()}.values())
    while low < high:
        middle = (low + high) // 2
        if _fewest_blocks(_reach(pieces, middle)) <= blocks:
            high = middle
        else:
            low = middle + 1
    reach = _reach(pieces, low + low // _SLACK)
    return tuple(places[number] for number in _cheapest(reach, places, _totals(pieces), blocks))


def _pieces(places: Sequence[Place], items: Items) -> list[dict[Hashable, int]]:
    """What lies between one place and the next: one piece more than places."""
    bounds = [0, *(place.after for place in places), len(items)]
    return [
        {thing: size for each in items[start:end] for thing, size in each.items()}
        for start, end in pairwise(bounds)
    ]


def _reach(pieces: Items, limit: int) -> list[int]:
    """For every piece the first one that fits into a block that it ends; itself + 1 when none."""
    reach = []
    start, total = 0, 0
    held: Counter[Hashable] = Counter()
    for piece in pieces:
        for thing, size in piece.items():
            total += size if held[thing] == 0 else 0
            held[thing] += 1
        while total > limit:
            for thing, size in pieces[start].items():
                held[thing] -= 1
                total -= size if held[thing] == 0 else 0
            start += 1
        reach.append(start)
    return reach


def _fewest_blocks(reach: Sequence[int]) -> float:
    end, count = len(reach) - 1, 0
    while end >= 0:
        if reach[end] > end:
            return float("inf")
        end, count = reach[end] - 1, count + 1
    return count


def _cheapest(
    reach: Sequence[int], places: Sequence[Place], totals: Numbers, blocks: int
) -> list[int]:
    """The places, by number, that leave blocks within reach and the fewest bytes crossing.

    Dynamic programming over the last piece of each block; of equal bytes the choice whose blocks
    have the least sum of squared sizes, which are the most even ones.
    """
    crossing = np.array([place.crossing_bytes for place in places], dtype=np.float64)
    first = np.array([start == 0 for start in reach])
    bytes_so_far = np.where(first, 0.0, np.inf)
    uneven = np.where(first, totals**2, np.inf)
    cuts: list[list[int]] = []  # for every further block and its last piece, the place before it
    for _ in range(blocks - 1):
        cost = bytes_so_far[:-1] + crossing
        following, squares = np.full(len(reach), np.inf), np.full(len(reach), np.inf)
        before = [-1] * len(reach)
        for end in range(1, len(reach)):
            start = max(reach[end] - 1, 0)
            near = cost[start:end]
            if not near.size or near.min() == np.inf:
                continue
            sums = uneven[start:end] + (totals[end] - totals[start:end]) ** 2
            best = int(np.where(near == near.min(), sums, np.inf).argmin())
            following[end], squares[end], before[end] = near[best], sums[best], start + best
        bytes_so_far, uneven = following, squares
        cuts.append(before)
    chosen, last = [], len(reach) - 1
    for before in reversed(cuts):
        last = before[last]
        chosen.append(last)
    return chosen[::-1]


def _totals(pieces: Items) -> Numbers:
    """What the pieces up to each one add, in the order that things are first used."""
    seen: set[Hashable] = set()
    added = []
    for piece in pieces:
        added.append(sum(size for thing, size in piece.items() if thing not in seen))
        seen.update(piece)
    return np.cumsum(added, dtype=np.float64)
