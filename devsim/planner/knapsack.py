"""The fractional knapsack: what memory can be worth at most."""

import math
from collections.abc import Iterable
from typing import NamedTuple

_ROUNDING = 1e-12
"""Share of all that was added up by which floating point can be off, many times over."""


class Item(NamedTuple):
    """Something that saves ``value_ns`` if ``weight`` units of room are given to it."""

    value_ns: int
    weight: int


class Purchase(NamedTuple):
    """Room that can be had for time."""

    price_ns: int
    weight: int


def best_value_ns(items: Iterable[Item], room: int) -> int:
    """The most that items, or parts of them, can save in ``room``.

    An item without weight is had for nothing. The optimum of the continuous problem takes items
    by falling value a unit (Dantzig, 1957), so no choice of whole items can save more.
    """
    return most_value_ns(items, room, ())


def most_value_ns(items: Iterable[Item], room: int, purchases: Iterable[Purchase]) -> int:
    """The most that items can save less what is paid for room.

    Rounded down: savings are whole numbers.

    Args:
        items: what room is worth.
        room: what there is for nothing; below 0, so much must be bought before any use.
        purchases: what can be bought, at a price for the whole of each; parts can be had.
    """
    saved = gross = 0.0
    sized = []
    for item in items:
        if item.weight > 0:
            sized.append(item)
        else:
            saved += item.value_ns
            gross += item.value_ns
    sized.sort(key=lambda item: item.value_ns / item.weight, reverse=True)
    offers = sorted((p for p in purchases if p.weight > 0), key=lambda p: p.price_ns / p.weight)
    free = float(room)
    next_offer = 0
    left = float(offers[0].weight) if offers else 0.0
    for value_ns, weight in sized:
        wanted = float(weight)
        worth = value_ns / weight
        taken = min(max(free, 0.0), wanted)
        free -= taken
        wanted -= taken
        saved += taken * worth
        gross += value_ns
        while wanted > 0 and next_offer < len(offers):
            price_ns, size = offers[next_offer]
            price = price_ns / size
            if price >= worth and free >= 0:
                break
            bought = min(left, wanted if free >= 0 else -free)
            saved -= bought * price
            gross += bought * price
            if free >= 0:
                saved += bought * worth
                wanted -= bought
            else:
                free += bought
            left -= bought
            if left <= 0:
                next_offer += 1
                left = float(offers[next_offer].weight) if next_offer < len(offers) else 0.0
        if wanted > 0:
            break
    return math.floor(saved + gross * _ROUNDING)
