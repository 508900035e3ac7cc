"""A makespan that no plan can beat.

The run is cut at *marks*: the end of each stage, of its first iteration and of its last but one.
From the instant one mark's last compute ends to the instant another's does, no plan can be faster
than

- the computes between them, one after another;
- the loads between them, less what memory can have held at the first mark, and less what it can
  keep from each iteration to the next; then the last compute, which waits for its load. Loads keep
  the order of the computes, so of later stages nothing is held unless all of the next iteration is;
- both lanes' work with as much overlap as contention makes worth while;
- in a stage that iterates: the loads, and the computes beside which memory cannot hold a load.

The bound is the longest path over the marks. What memory can hold is a fractional knapsack, so it
holds whichever chunks stay resident, even if they change from iteration to iteration. Joining
blocks saves at most the fixed cost of all but one of a chunk's blocks, and a chunk is no larger
than the memory; so each block pays at least its share of a chunk that fills the memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial

from devsim.planner.knapsack import Item, Purchase, best_value_ns, most_value_ns
from devsim.planner.source import Problem, StageSource
from devsim.simulation.speeds import FULL_SPEED_PPM


@dataclass(frozen=True, eq=False)
class _Stage:
    """A stage's least costs, by block."""

    iterations: int
    first_ns: list[int]
    """Loads of the first iteration; cold, unless an earlier phase has the same package."""
    again_ns: list[int]
    compute_ns: list[int]
    resident: list[int]
    loading: list[int]
    """Bytes held while it loads."""
    working: list[int]
    """Bytes held beside the chunks while it computes."""
    opening_ns: int
    """The load of the first block's chunk."""
    first_fixed_ns: int
    """What the first iteration's loads cost at least above ``first_ns``."""
    dispatch_ns: int
    """What an iteration's computes cost at least above ``compute_ns``."""
    load_ppm: int
    compute_ppm: int

    @property
    def pass_ns(self) -> int:
        """The computes of one iteration."""
        return sum(self.compute_ns) + self.dispatch_ns


@dataclass(frozen=True)
class _Part:
    """Iterations of a stage between two neighbouring marks: its first, those between, its last."""

    stage: _Stage
    opening: bool
    passes: int

    @property
    def loads_ns(self) -> list[int]:
        """Loads of the blocks when they first come up."""
        return self.stage.first_ns if self.opening else self.stage.again_ns


def least_read_bytes(problem: Problem) -> int:
    """Bytes that every plan reads: what stays loaded fits the memory, so a knapsack bounds it."""
    read_bytes = 0
    for stage in problem.stages:
        weights = [cost.weight_bytes for cost in stage.costs]
        sizes = [cost.resident_bytes for cost in stage.costs]
        once = best_value_ns(map(Item, weights, sizes), problem.room_bytes)
        read_bytes += stage.iterations * sum(weights) - (stage.iterations - 1) * once
    return read_bytes


def lower_bound_ns(problem: Problem) -> int:
    """The longest path over the marks, for any cut, residency and window of the stages."""
    parts = [part for stage in _stages(problem) for part in _parts(stage)]
    room = problem.room_bytes
    reached = [0] * (len(parts) + 1)
    kept_ns = cache(partial(_kept_ns, room=room))
    for start, first in enumerate(parts):
        held = list(map(Item, first.loads_ns, first.stage.resident))
        in_order = sum(first.stage.resident) > room
        loads_ns = compute_ns = passes = 0
        for end in range(start, len(parts)):
            part = parts[end]
            stage = part.stage
            compute_ns += part.passes * stage.pass_ns
            if part.opening or end == start:
                loads_ns += sum(part.loads_ns) + (0 if start else stage.first_fixed_ns)
                passes, spared_ns = 0, 0
                if end > start and not in_order:
                    held += map(Item, part.loads_ns, stage.resident)
            again = part.passes - (passes == 0)
            passes += part.passes
            loads_ns += again * sum(stage.again_ns) + spared_ns
            spared_ns = kept_ns(stage, borders=passes - 1) if passes > 1 else 0
            loads_ns -= spared_ns
            credit_ns = best_value_ns(held, room) if start else 0
            took_ns = _span_ns(
                parts[start : end + 1], problem, max(0, loads_ns - credit_ns), compute_ns, credit_ns
            )
            if not start:
                took_ns = max(
                    took_ns, _from_nothing_ns(parts[: end + 1], problem, loads_ns, compute_ns)
                )
            reached[end + 1] = max(reached[end + 1], reached[start] + took_ns)
        if first.opening:
            after = start + len(_parts(first.stage))
            crowded_ns = _crowded_ns(first.stage, problem, first=start == 0)
            reached[after] = max(reached[after], reached[start] + crowded_ns)
    return reached[-1]


def _parts(stage: _Stage) -> list[_Part]:
    passes = [1, stage.iterations - 2, 1] if stage.iterations > 1 else [1]
    return [_Part(stage, not at, count) for at, count in enumerate(passes) if count]


def _span_ns(
    parts: Sequence[_Part], problem: Problem, loads_ns: int, compute_ns: int, credit_ns: int
) -> int:
    """The least time for the loads and computes of some parts."""
    stages = [part.stage for part in parts]
    last_ns = stages[-1].compute_ns[-1]
    if problem.loaders > 1:
        return max(compute_ns, loads_ns * FULL_SPEED_PPM // _loaders_ppm(problem) + last_ns)
    overlapped_ns = _overlapped_ns(
        loads_ns,
        compute_ns - last_ns,
        max(stage.load_ppm for stage in stages),
        max(stage.compute_ppm for stage in stages),
    )
    took_ns = overlapped_ns + last_ns
    if parts[0].opening:
        took_ns = max(took_ns, _load_then_compute_ns(stages[0], compute_ns) - credit_ns)
    return took_ns


def _from_nothing_ns(
    parts: Sequence[_Part], problem: Problem, loads_ns: int, compute_ns: int
) -> int:
    """The same from the very start: the first load has nothing to overlap with."""
    opening_ns = parts[0].stage.opening_ns
    if problem.loaders > 1:
        return opening_ns + compute_ns
    return opening_ns + _span_ns(
        parts, problem, max(0, loads_ns - opening_ns), compute_ns, opening_ns
    )


def _load_then_compute_ns(stage: _Stage, compute_ns: int) -> int:
    """The longest of: loads up to some block of the first iteration, then all computes from it."""
    loaded_ns = computed_ns = most_ns = 0
    for load_ns, block_ns in zip(stage.first_ns, stage.compute_ns, strict=True):
        loaded_ns += load_ns
        most_ns = max(most_ns, loaded_ns - computed_ns)
        computed_ns += block_ns
    return most_ns + compute_ns - stage.dispatch_ns


def _overlapped_ns(load_ns: int, compute_ns: int, load_ppm: int, compute_ppm: int) -> int:
    """The least time for both lanes' work, overlapping as much of it as saves time.

    While both run, ``load_ppm + compute_ppm`` millionths of a nanosecond's work get done in one.
    """
    gain_ppm = load_ppm + compute_ppm - FULL_SPEED_PPM
    if gain_ppm <= 0:
        return load_ns + compute_ns
    saved = min(load_ns * gain_ppm // load_ppm, compute_ns * gain_ppm // compute_ppm) + 1
    return max(load_ns, compute_ns, load_ns + compute_ns - saved)


def _kept_ns(stage: _Stage, borders: int, room: int) -> int:
    """The most load time that iterations can spare the ones after them, over so many borders.

    A block that stays is held across the computes of all other blocks. So at each block's
    compute, those that stay fit beside it and its activations. Any weighting of these conditions
    bounds what stays; three are tried.
    """
    items = list(map(Item, stage.again_ns, stage.resident))
    best_ns = best_value_ns(items, room)
    for at in {0, len(items) - 1}:
        rest = [item for n, item in enumerate(items) if n != at]
        beside = room - stage.resident[at] - stage.working[at]
        best_ns = min(best_ns, items[at].value_ns + best_value_ns(rest, beside))
    others = len(items) - 1
    weighed = [Item(borders * value_ns, borders * others * size) for value_ns, size in items]
    return min(borders * best_ns, best_value_ns(weighed, _room_over_run(stage, room, borders)))


def _room_over_run(stage: _Stage, room: int, borders: int) -> int:
    """Room beside each block's compute, added up over a run, however many the borders.

    At the first and last block there is one compute a border; at the others one more than that.
    """
    total = 0
    for at, (resident, working) in enumerate(zip(stage.resident, stage.working, strict=True)):
        ends = (at == 0) + (at == len(stage.resident) - 1)
        total += (room - resident - working) * (borders + 1 - min(ends, 1))
    return total


def _crowded_ns(stage: _Stage, problem: Problem, *, first: bool) -> int:
    """Loads that memory cannot spare, and computes that leave no room for a load beside them.

    For each size of load, only the blocks that take that much count as loads. Room for one beside
    a compute is either left free, and cannot hold what stays, or that compute runs without.
    """
    best_ns = 0
    sizes = sorted(set(stage.loading))
    for size in {sizes[0], sizes[len(sizes) // 4], sizes[len(sizes) // 2]}:
        best_ns = max(best_ns, _crowded_by_ns(stage, problem, size, first=first))
    return best_ns


def _crowded_by_ns(stage: _Stage, problem: Problem, size: int, *, first: bool) -> int:
    room, borders = problem.room_bytes, stage.iterations - 1
    counted = [loading >= size for loading in stage.loading]
    opening = [
        Item(ns if big else 0, held)
        for ns, big, held in zip(stage.first_ns, counted, stage.resident, strict=True)
    ]
    loads_ns = sum(item.value_ns for item in opening)
    if not first:
        loads_ns -= best_value_ns(opening, room)
    if borders:
        loads_ns += _crowded_borders_ns(stage, room, size, counted)
    else:
        beside = zip(stage.compute_ns, stage.resident, stage.working, strict=True)
        *earlier, _ = [ns if held + working + size > room else 0 for ns, held, working in beside]
        loads_ns += sum(earlier)
    return loads_ns * FULL_SPEED_PPM // _loaders_ppm(problem) + stage.compute_ns[-1]


def _crowded_borders_ns(stage: _Stage, room: int, size: int, counted: list[bool]) -> int:
    """Loads of all iterations but the first, and computes of all that leave no room for one."""
    borders, count = stage.iterations - 1, len(counted)
    values_ns = [ns if big else 0 for ns, big in zip(stage.again_ns, counted, strict=True)]
    items = [
        Item(borders * ns, borders * (count - 1) * held)
        for ns, held in zip(values_ns, stage.resident, strict=True)
    ]
    laps = [stage.iterations - (at in (0, count - 1)) for at in range(count)]
    purchases = [
        Purchase(ns * lap, size * lap) for ns, lap in zip(stage.compute_ns, laps, strict=True)
    ]
    spared_ns = most_value_ns(items, _room_over_run(stage, room - size, borders), purchases)
    return borders * sum(values_ns) - spared_ns


def _stages(problem: Problem) -> list[_Stage]:
    seen: set[tuple[str, str, str]] = set()
    made = []
    for source in problem.stages:
        packages = [
            (source.name, variant, block)
            for variant, block in zip(source.variants, source.blocks, strict=True)
        ]
        cold = [package not in seen for package in packages]
        seen.update(packages)
        made.append(_least(source, cold, problem))
    return made


def _least(source: StageSource, cold: Sequence[bool], problem: Problem) -> _Stage:
    costs, fixed_ns, dispatch_ns = source.costs, source.load_fixed_ns, source.dispatch_ns
    loading = [cost.resident_bytes + cost.transient_bytes for cost in costs]
    first = [
        cost.cold_load_ns if is_cold else min(cost.cold_load_ns, cost.cached_load_ns)
        for cost, is_cold in zip(costs, cold, strict=True)
    ]
    again = [cost.cached_load_ns for cost in costs]
    compute = [cost.compute_ns for cost in costs]
    speeds = problem.units.get(source.unit, problem.contended)
    least_first = _without_fixed(first, fixed_ns, loading, problem.room_bytes)
    least_compute = [max(0, ns - dispatch_ns) for ns in compute]
    chunks_ns = min(dispatch_ns, *compute) * sum(loading) // max(problem.room_bytes, 1)
    return _Stage(
        iterations=source.iterations,
        first_ns=least_first,
        again_ns=_without_fixed(again, fixed_ns, loading, problem.room_bytes),
        compute_ns=least_compute,
        resident=[cost.resident_bytes for cost in costs],
        loading=loading,
        working=[cost.working_bytes for cost in costs],
        opening_ns=first[0],
        first_fixed_ns=max(
            0,
            min(first[0], fixed_ns) - sum(least_first) + sum(max(0, ns - fixed_ns) for ns in first),
        ),
        dispatch_ns=max(compute[0] - least_compute[0], chunks_ns),
        load_ppm=speeds.load_ppm,
        compute_ppm=speeds.compute_ppm,
    )


def _without_fixed(
    loads_ns: Sequence[int], fixed_ns: int, loading: Sequence[int], room: int
) -> list[int]:
    """Loads with no more of the fixed cost than a share of a chunk that fills the memory."""
    share_ns = min(fixed_ns, *loads_ns)
    return [
        max(0, ns - fixed_ns) + share_ns * min(size, room) // max(room, 1)
        for ns, size in zip(loads_ns, loading, strict=True)
    ]


def _loaders_ppm(problem: Problem) -> int:
    """How much work all loaders together can get done, in millionths of one alone."""
    speeds = [problem.contended, *problem.units.values()]
    beside_ppm = max(each.beside_load_ppm for each in speeds)
    return max(FULL_SPEED_PPM, problem.loaders * beside_ppm)
