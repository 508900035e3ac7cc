"""The optimum of a small instance: the best of all plans of policy ``planned``.

A plan is, for each stage, a cut into chunks, a set of resident chunks and a window; it runs at the
budget given. Every such plan is tried, except those that a bound rules out: with its cut and
residents, a plan cannot end before its loads and computes would with unlimited memory and without
contention, nor before both lanes' work is done however it overlaps. Windows above the furthest
that an unlimited window ever reached change nothing.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise, product
from typing import NamedTuple

from instances import Block, Instance
from schedule import Outcome, Step, run

_FULL_PPM = 1_000_000


class Way(NamedTuple):
    """One way to cut a stage and keep chunks, and what its chunks cost."""

    bounds: tuple[int, ...]
    resident: tuple[int, ...]
    chunks: tuple[Block, ...]
    iterations: int


class Optimum(NamedTuple):
    makespan_ns: int
    bounds: tuple[tuple[int, ...], ...]
    resident: tuple[tuple[int, ...], ...]
    windows: tuple[int, ...]
    tried: int


def optimum(instance: Instance) -> Optimum:
    """Solve an instance; the first of several best plans in a fixed order."""
    lanes = _ppm(instance.load_slowdown), _ppm(instance.compute_slowdown)
    choices = product(*(list(_ways(instance, number)) for number in range(len(instance.stages))))
    scored = sorted(
        ((_relaxed_ns(ways, *lanes), ways) for ways in choices), key=lambda pair: pair[0]
    )
    best: Optimum | None = None
    tried = 0
    for bound_ns, ways in scored:
        if best is not None and bound_ns >= best.makespan_ns:
            break
        for windows, outcome in _outcomes(instance, ways, lanes):
            tried += 1
            if best is None or outcome.makespan_ns < best.makespan_ns:
                best = Optimum(
                    outcome.makespan_ns,
                    tuple(way.bounds for way in ways),
                    tuple(way.resident for way in ways),
                    windows,
                    tried,
                )
    assert best is not None
    return best._replace(tried=tried)


def _outcomes(
    instance: Instance, ways: tuple[Way, ...], lanes: tuple[int, int]
) -> Iterator[tuple[tuple[int, ...], Outcome]]:
    """Every schedule that windows can make of these ways, widest first; none if over budget."""
    total = sum(len(way.chunks) for way in ways)
    seen: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    for windows in product(*(range(total, -1, -1) for _ in ways)):
        if any(
            all(
                low <= window <= high
                for low, window, high in zip(furthest, windows, wide, strict=True)
            )
            for furthest, wide in seen
        ):
            continue
        steps = steps_of(ways, windows)
        outcome = run(steps, instance.base_bytes, instance.budget, *lanes)
        if outcome is None:
            return
        seen.append((tuple(outcome.furthest.get(n, 0) for n in range(len(ways))), windows))
        yield windows, outcome


def _ways(instance: Instance, stage: int) -> Iterator[Way]:
    iterations, blocks = instance.stages[stage]
    count = len(blocks)
    for cuts in product([False, True], repeat=count - 1):
        bounds = (0, *(n + 1 for n, cut in enumerate(cuts) if cut), count)
        chunks = tuple(join(instance, blocks[a:b]) for a, b in pairwise(bounds))
        for mask in range(2 ** len(chunks) if iterations > 1 else 1):
            resident = tuple(n for n in range(len(chunks)) if mask >> n & 1)
            yield Way(bounds, resident, chunks, iterations)


def join(instance: Instance, blocks: tuple[Block, ...]) -> Block:
    """A chunk pays a load's fixed cost and a compute's dispatch once."""

    def once(times: list[int], cost: int) -> int:
        return times[0] + sum(max(0, time - cost) for time in times[1:])

    return Block(
        resident=sum(b.resident for b in blocks),
        transient=sum(b.transient for b in blocks),
        activation=max(b.activation for b in blocks),
        cold=once([b.cold for b in blocks], instance.load_fixed),
        cached=once([b.cached for b in blocks], instance.load_fixed),
        unload=sum(b.unload for b in blocks),
        compute=once([b.compute for b in blocks], instance.dispatch),
    )


def steps_of(ways: tuple[Way, ...], windows: tuple[int, ...]) -> list[Step]:
    """The run of a plan, compute by compute."""
    steps: list[Step] = []
    for stage, (way, window) in enumerate(zip(ways, windows, strict=True)):
        for iteration in range(way.iterations):
            for number, chunk in enumerate(way.chunks):
                kept = number in way.resident
                steps.append(
                    Step(
                        stage=stage,
                        resident_bytes=chunk.resident,
                        transient_bytes=chunk.transient,
                        activation_bytes=chunk.activation,
                        load_ns=chunk.cached if iteration else chunk.cold,
                        unload_ns=chunk.unload,
                        compute_ns=chunk.compute,
                        window=window,
                        kept_before=kept and iteration > 0,
                        stays=kept and iteration + 1 < way.iterations,
                        before=len(steps) - len(way.chunks) if iteration else -1,
                    )
                )
    return steps


def _relaxed_ns(ways: tuple[Way, ...], load_ppm: int, compute_ppm: int) -> int:
    """A makespan that no window and no budget can beat with these cuts and residents."""
    loaded = computed = load_work = compute_work = 0
    for way in ways:
        resident = set(way.resident)
        gone = [0] * len(way.chunks)
        for iteration in range(way.iterations):
            for number, chunk in enumerate(way.chunks):
                if not iteration or number not in resident:
                    load_ns = chunk.cached if iteration else chunk.cold
                    loaded = max(loaded, gone[number]) + load_ns
                    load_work += load_ns
                    computed = max(computed, loaded)
                computed += chunk.compute
                compute_work += chunk.compute
                gone[number] = computed + chunk.unload
    first, last = ways[0].chunks[0].cold, ways[-1].chunks[-1].compute
    lanes_ns = (
        first + last + _overlapped_ns(load_work - first, compute_work - last, load_ppm, compute_ppm)
    )
    return max(computed, lanes_ns)


def _overlapped_ns(load_ns: int, compute_ns: int, load_ppm: int, compute_ppm: int) -> int:
    """The least time in which both lanes' work can be done, overlapping none, one or all of it."""
    if load_ppm == compute_ppm == _FULL_PPM:
        return max(load_ns, compute_ns)
    both = min(Fraction(load_ns, load_ppm), Fraction(compute_ns, compute_ppm))
    saved = max(0, load_ppm + compute_ppm - _FULL_PPM) * both
    return int(load_ns + compute_ns - saved)


def _ppm(slowdown: float) -> int:
    return round(_FULL_PPM / slowdown)
