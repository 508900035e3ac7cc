"""A makespan that no plan can beat."""

from fractions import Fraction

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
        compute_ns += stage.iterations * (sum(computes) + min(costs[0].compute_ns, dispatch_ns))
        load_ns += sum(max(0, cost.cold_load_ns - fixed_ns) for cost in costs)
        load_ns += (stage.iterations - 1) * _reload_ns(costs, room_bytes, fixed_ns)
    first, last = blocks.stages[0].chunks[0].cost, blocks.stages[-1].chunks[-1].cost
    return max(
        first.cold_load_ns + compute_ns,
        load_ns + min(first.cold_load_ns, fixed_ns) + max(0, last.compute_ns - dispatch_ns),
    )


def _reload_ns(costs: list[ChunkCost], room_bytes: int, fixed_ns: int) -> int:
    """Loads that an iteration needs at least when ``room_bytes`` were held at its start.

    Held bytes save most where a load takes longest a byte (the fractional knapsack's optimum).
    A block without bytes is held for nothing.
    """
    sized = [
        (max(0, cost.cached_load_ns - fixed_ns), cost.resident_bytes)
        for cost in costs
        if cost.resident_bytes
    ]
    needed_ns = sum(load_ns for load_ns, _ in sized)
    for load_ns, size in sorted(sized, key=lambda load: Fraction(*load), reverse=True):
        held_bytes = min(size, room_bytes)
        needed_ns -= -(-load_ns * held_bytes // size)
        room_bytes -= held_bytes
    return needed_ns
