"""The rules of every schedule, as a coroutine: told what has ended, it says what starts.

Activities are numbers here, so that a simulation spends its time on deciding: ``activity_code``
makes one of a compute's number, a kind and what the activity waited for.
"""

from collections.abc import Generator, Iterable
from itertools import accumulate
from operator import not_

from devsim.core.trace import Kind
from devsim.policy.timetable import Costs, Decisions

LOAD, COMPUTE, UNLOAD = 0, 1, 2
KINDS = (Kind.LOAD, Kind.COMPUTE, Kind.UNLOAD)
MEMORY, POLICY = 1, 2
WAITED_FOR = ("", "memory", "policy")

Schedule = Generator[tuple[list[int], int], Iterable[int], None]
"""Yields the activities that start and the footprint in bytes; takes those that have ended."""


def activity_code(number: int, kind: int, waited: int) -> int:
    """An activity for a compute: ``code & 3`` is its kind, ``code >> 2 & 3`` what it waited for."""
    return number << 4 | waited << 2 | kind


def schedule(
    costs: Costs, decisions: Decisions, base_bytes: int, budget_bytes: int, loaders: int
) -> Schedule:
    """Start whatever may start; a compute that waits for memory gets it before any load.

    - A load starts only if it fits now, with its transient, and if after it every compute up to
      its own fits beside everything then loaded. So what is loaded can always be computed, in
      order.
    - When nothing is loaded ahead, only what the policy keeps is loaded; the caller has checked
      that the next chunk fits beside that.

    ``leaving`` is the part of the footprint that goes without anything else having to happen:
    what is being unloaded, and what running activities hold only while they run.
    """
    resident, transient, activation = (
        costs.resident_bytes,
        costs.transient_bytes,
        costs.activation_bytes,
    )
    before, stays = costs.before, decisions.stays
    window, distance, while_computing = (
        decisions.window,
        decisions.distance,
        decisions.while_computing,
    )
    total, most_activation = len(resident), max(activation)
    loaded, gone = bytearray(decisions.kept), bytearray(total)
    loaded.append(0)
    gone.append(1)
    due = [number for number, is_kept in enumerate(decisions.kept) if not is_kept]
    due_by = list(accumulate(map(not_, decisions.kept)))
    dues = len(due)
    footprint, leaving = base_bytes, 0
    current = next_due = loading = compute_waited = load_waited = 0
    computing = False
    ended: Iterable[int] = ()
    while True:
        started = []
        for code in ended:
            number, kind = code >> 4, code & 3
            if kind == LOAD:
                loading -= 1
                loaded[number] = 1
                passing = transient[number]
            elif kind == COMPUTE:
                computing = False
                current += 1
                passing = activation[number]
                if not stays[number]:
                    leaving += resident[number]
                    started.append(number << 4 | UNLOAD)
            else:
                gone[number] = 1
                passing = resident[number]
            footprint -= passing
            leaving -= passing
        if not computing and loaded[current]:
            passing = activation[current]
            if footprint + passing > budget_bytes:
                compute_waited = MEMORY
            else:
                computing = True
                footprint += passing
                leaving += passing
                started.append(current << 4 | compute_waited << 2 | COMPUTE)
                compute_waited = 0
        while loading < loaders and next_due < dues:
            number = due[next_due]
            if not gone[before[number]] or (
                number != current
                and (
                    next_due - due_by[current] >= window[number]
                    or number - current > distance[number]
                    or (while_computing[number] and not computing)
                )
            ):
                load_waited = POLICY
                break
            staying = footprint - leaving + resident[number]
            if (
                compute_waited
                or footprint + resident[number] + transient[number] > budget_bytes
                or (
                    staying + most_activation > budget_bytes
                    and staying + max(activation[current : number + 1]) > budget_bytes
                )
            ):
                load_waited = MEMORY
                break
            loading += 1
            next_due += 1
            footprint += resident[number] + transient[number]
            leaving += transient[number]
            started.append(number << 4 | load_waited << 2 | LOAD)
            load_waited = 0
        ended = yield started, footprint
