"""What a plan depends on: figures of a problem that can be turned up and down."""

from collections.abc import Callable
from dataclasses import replace

from devsim.core.pipeline import ChunkCost, LaneSpeeds
from devsim.planner.source import Problem, StageSource
from devsim.simulation.speeds import FULL_SPEED_PPM


def _durations(*fields: str) -> Callable[[Problem, float], Problem]:
    """Turn durations or bytes of every block by a factor."""

    def turned(problem: Problem, factor: float) -> Problem:
        def cost_of(cost: ChunkCost) -> ChunkCost:
            return cost.model_copy(
                update={field: round(getattr(cost, field) * factor) for field in fields}
            )

        return _with_stages(
            problem,
            lambda stage: replace(
                stage, costs=tuple(map(cost_of, stage.costs)), _chunks={}, _cuts={}
            ),
        )

    return turned


def _load_fixed(problem: Problem, factor: float) -> Problem:
    """The fixed part of every load: what a load takes changes with it."""

    def turned(stage: StageSource) -> StageSource:
        more = round(stage.load_fixed_ns * (factor - 1))
        return replace(
            stage,
            load_fixed_ns=stage.load_fixed_ns + more,
            costs=tuple(
                cost.model_copy(
                    update={
                        "cold_load_ns": max(0, cost.cold_load_ns + more),
                        "cached_load_ns": max(0, cost.cached_load_ns + more),
                    }
                )
                for cost in stage.costs
            ),
            _chunks={},
            _cuts={},
        )

    return _with_stages(problem, turned)


def _contention(problem: Problem, factor: float) -> Problem:
    """How many times longer loads and computes take beside each other; never below once."""

    def slowed(speeds: LaneSpeeds) -> LaneSpeeds:
        def by(ppm: int) -> int:
            return min(FULL_SPEED_PPM, max(1, round(ppm / factor)))

        return speeds.model_copy(
            update={"load_ppm": by(speeds.load_ppm), "compute_ppm": by(speeds.compute_ppm)}
        )

    return replace(
        problem,
        contended=slowed(problem.contended),
        units={unit: slowed(speeds) for unit, speeds in problem.units.items()},
    )


def _budget(problem: Problem, factor: float) -> Problem:
    return replace(problem, budget_bytes=round(problem.budget_bytes * factor))


def _with_stages(problem: Problem, turned: Callable[[StageSource], StageSource]) -> Problem:
    return replace(problem, stages=tuple(map(turned, problem.stages)))


KNOBS: dict[str, Callable[[Problem, float], Problem]] = {
    "budget": _budget,
    "compute": _durations("compute_ns"),
    "cached loads": _durations("cached_load_ns"),
    "cold loads": _durations("cold_load_ns"),
    "fixed part of loads": _load_fixed,
    "unload lag": _durations("unload_ns"),
    "transients": _durations("transient_bytes"),
    "activations": _durations("activation_bytes"),
    "contention": _contention,
}
"""By name, a function from a problem and a factor to the problem with that figure turned."""
