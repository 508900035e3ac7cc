"""A makespan that no plan can beat."""

from devsim.core.pipeline import ChunkCost, Pipeline
from devsim.core.profile import Profile


def lower_bound_ns(profile: Profile, blocks: Pipeline, budget_bytes: int) -> int:
    """The larger of two bounds, for any cut, residency and window.

    - Compute lane: the first block's cold load, then every compute at full speed.
    - Load lane: every block loaded cold once; then, between an iteration and the next, again at
      least what cannot be held in the budget, at full speed; then the least last compute.

    Every chunk saves at most the fixed part of each load, and the dispatch of each compute, of its
    blocks but one; both bounds grant that saving to all blocks but one of a stage's iteration.

    Args:
        profile: gives the fixed cost of a load and of a compute.
        blocks: the pipeline cut into one chunk a block.
        budget_bytes: what may be held.
    """
    fixed_ns, dispatch_ns = profile.load_fixed.median_ns, profile.dispatch.median_ns
    room_bytes = budget_bytes - blocks.base_bytes
    compute_ns = load_ns = 0
    for stage in blocks.stages:
        costs = [chunk.cost for chunk in stage.chunks]
        computes = [max(0, cost.compute_ns - dispatch_ns) for cost in costs]
        compute_ns += stage.iterations * (sum(computes) + _once(costs[0].compute_ns, dispatch_ns))
        load_ns += sum(max(0, cost.cold_load_ns - fixed_ns) for cost in costs)
        load_ns += (stage.iterations - 1) * _reload_ns(costs, room_bytes, fixed_ns)
    first, last = blocks.stages[0].chunks[0].cost, blocks.stages[-1].chunks[-1].cost
    return max(
        first.cold_load_ns + compute_ns,
        load_ns + _once(first.cold_load_ns, fixed_ns) + max(0, last.compute_ns - dispatch_ns),
    )


def _reload_ns(costs: list[ChunkCost], room_bytes: int, fixed_ns: int) -> int:
    """Loads that an iteration needs at least when ``room_bytes`` were held at its start.

    Held bytes save most where a load takes longest a byte (the fractional knapsack's optimum).
    """
    loads = [(max(0, cost.cached_load_ns - fixed_ns), cost.resident_bytes) for cost in costs]
    total_ns = float(sum(load_ns for load_ns, _ in loads))
    for load_ns, size in sorted(loads, key=lambda load: load[0] / max(load[1], 1), reverse=True):
        held = 1.0 if size <= room_bytes else room_bytes / size
        total_ns -= held * load_ns
        room_bytes -= size
        if room_bytes <= 0:
            break
    return max(0, int(total_ns))


def _once(duration_ns: int, once_ns: int) -> int:
    return min(duration_ns, once_ns)
