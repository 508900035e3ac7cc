"""Which of the legal places to cut at: blocks of nearly equal size, and few bytes between them."""

from collections import Counter, deque
from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise

from devsim.convert.mil.places import Place

Items = Sequence[Mapping[Hashable, int]]
"""What each operation adds to its block: things and their sizes; a thing counts once a block."""

_SLACK = 20  # one part in so many above the least possible is near enough


def balanced(places: Sequence[Place], items: Items, blocks: int) -> tuple[Place, ...]:
    """Choose ``blocks - 1`` of the places.

    The largest block is at most a twentieth above the smallest that is possible; of all such
    choices the one with the fewest bytes crossing is taken.

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
    return tuple(places[number] for number in _cheapest(reach, places, blocks))


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


def _cheapest(reach: Sequence[int], places: Sequence[Place], blocks: int) -> list[int]:
    """The places, by number, that leave blocks within reach and the fewest bytes crossing."""
    infinite = float("inf")
    best: list[float] = [0 if start == 0 else infinite for start in reach]
    cuts: list[list[int]] = []  # for every further block and its last piece, the place before it
    for _ in range(blocks - 1):
        following, before = [infinite] * len(reach), [-1] * len(reach)
        window: deque[int] = deque()  # places whose cost so far rises
        cost = [best[number] + place.crossing_bytes for number, place in enumerate(places)]
        for end in range(1, len(reach)):
            while window and cost[window[-1]] >= cost[end - 1]:
                window.pop()
            window.append(end - 1)
            while window and window[0] < reach[end] - 1:
                window.popleft()
            if window:
                following[end], before[end] = cost[window[0]], window[0]
        best = following
        cuts.append(before)
    chosen, end = [], len(reach) - 1
    for before in reversed(cuts):
        end = before[end]
        chosen.append(end)
    return chosen[::-1]
