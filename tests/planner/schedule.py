"""A third engine, for tests alone: policy ``planned`` as one loop over plain numbers.

It shares no code with the simulator or the evaluator, keeps to the same rules, and is fast enough
to try every plan of a small instance.
"""

from collections.abc import Sequence
from typing import NamedTuple

_FULL_PPM = 1_000_000
_NEVER = 1 << 62


class Step(NamedTuple):
    """One compute of a run: its chunk's costs, and how the plan treats it."""

    stage: int
    resident_bytes: int
    transient_bytes: int
    activation_bytes: int
    load_ns: int
    unload_ns: int
    compute_ns: int
    window: int
    kept_before: bool
    stays: bool
    before: int
    """The step that had the chunk one iteration earlier, or -1."""
    carried_bytes: int = 0
    """Boundary tensors of the steps before, held while it computes."""

    @property
    def working_bytes(self) -> int:
        return self.carried_bytes + self.activation_bytes


class Outcome(NamedTuple):
    makespan_ns: int
    peak_bytes: int
    admitted_bytes: int
    """The most that an admission asked for and got: any budget from here up to the one given makes
    the same schedule."""
    furthest: dict[int, int]
    """By stage, the least window that makes the same schedule; stages that need none are absent."""


def run(
    steps: Sequence[Step], base_bytes: int, budget_bytes: int, load_ppm: int, compute_ppm: int
) -> Outcome | None:
    """Run the steps; None when the budget is too small for the plan."""
    count = len(steps)
    if not _feasible(steps, base_bytes, budget_bytes):
        return None
    carried = [step.carried_bytes for step in steps] + [0]
    footprint = peak = admitted = base_bytes + carried[0]
    leaving = carried[0]
    now = last_compute_end = 0
    current = next_load = 0
    while next_load < count and steps[next_load].kept_before:
        next_load += 1
    loading = -1
    computing = False
    waits_for_memory = False
    load_work = compute_work = 0
    load_end = compute_end = _NEVER
    unloads: list[tuple[int, int]] = []
    gone = bytearray(count)
    issued: list[int] = []
    passed = 0
    furthest: dict[int, int] = {}
    while True:
        # start what may start: a compute first
        loaded = current < count and current < (loading if loading >= 0 else next_load)
        if loaded and not computing:
            step = steps[current]
            wanted = footprint + step.activation_bytes
            if wanted <= budget_bytes:
                footprint = wanted
                admitted = max(admitted, wanted)
                leaving += step.activation_bytes
                computing, waits_for_memory = True, False
                compute_work = step.compute_ns * _FULL_PPM
            else:
                waits_for_memory = True
        if loading < 0 and next_load < count:
            step = steps[next_load]
            while passed < len(issued) and issued[passed] <= current:
                passed += 1
            if (
                (step.before < 0 or gone[step.before])
                and (next_load == current or len(issued) - passed < step.window)
                and not waits_for_memory
            ):
                wanted = footprint + step.resident_bytes + step.transient_bytes
                staying = footprint - leaving + step.resident_bytes
                if wanted <= budget_bytes:
                    most = max(s.working_bytes for s in steps[current : next_load + 1])
                    if staying + most <= budget_bytes:
                        admitted = max(admitted, wanted, staying + most)
                        footprint = wanted
                        leaving += step.transient_bytes
                        load_work = step.load_ns * _FULL_PPM
                        if next_load != current:
                            ahead = len(issued) - passed + 1
                            furthest[step.stage] = max(furthest.get(step.stage, 0), ahead)
                        loading = next_load
                        issued.append(next_load)
                        next_load += 1
                        while next_load < count and steps[next_load].kept_before:
                            next_load += 1
        # the next instant at which something ends
        load_speed = compute_speed = 0
        load_end = compute_end = _NEVER
        if loading >= 0:
            load_speed = load_ppm if computing else _FULL_PPM
            load_end = now - (-max(load_work, 0) // load_speed)
        if computing:
            compute_speed = compute_ppm if loading >= 0 else _FULL_PPM
            compute_end = now - (-max(compute_work, 0) // compute_speed)
        then = min(load_end, compute_end, min(unloads)[0] if unloads else _NEVER)
        if then > now:
            peak = max(peak, footprint)
        if then == _NEVER:
            break
        load_work -= (then - now) * load_speed
        compute_work -= (then - now) * compute_speed
        now = then
        # note everything that ends now
        ended = [unload for unload in unloads if unload[0] == now]
        for unload in ended:
            unloads.remove(unload)
            gone[unload[1]] = 1
            footprint -= steps[unload[1]].resident_bytes
            leaving -= steps[unload[1]].resident_bytes
        ends_load = loading >= 0 and load_work <= 0
        ends_compute = computing and compute_work <= 0
        if ends_load:
            footprint -= steps[loading].transient_bytes
            leaving -= steps[loading].transient_bytes
            loading = -1
        if ends_compute:
            step = steps[current]
            footprint += carried[current + 1] - step.working_bytes
            leaving += carried[current + 1] - step.working_bytes
            computing = False
            last_compute_end = now
            if not step.stays:
                leaving += step.resident_bytes
                unloads.append((now + step.unload_ns, current))
            current += 1
    if current < count:
        raise AssertionError("the run stopped before its end")
    return Outcome(last_compute_end, peak, admitted, furthest)


def _feasible(steps: Sequence[Step], base_bytes: int, budget_bytes: int) -> bool:
    held = base_bytes
    for step in steps:
        if step.kept_before:
            held -= step.resident_bytes
            passing = step.working_bytes
        else:
            passing = step.carried_bytes + max(step.transient_bytes, step.activation_bytes)
        if held + step.resident_bytes + passing > budget_bytes:
            return False
        if step.stays:
            held += step.resident_bytes
    return True
