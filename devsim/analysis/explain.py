"""Which cost explains most of a prediction's error.

One class of predicted costs after the other is replaced by what the runs measured, in the
simulator; the class with which the error shrinks most is the one that was wrong. Durations of a
run contain what the other lane cost them, so what an activity takes alone is worked out first.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from devsim.analysis.beside import Beside, ChunkKey, alone_ns, measured_speeds
from devsim.core.pipeline import ChunkCost, LaneSpeeds, Pipeline, Stage
from devsim.core.stalls import Cause, stalls_by_cause
from devsim.core.trace import Kind, Trace
from devsim.policy.protocol import Policy
from devsim.simulation.simulator import simulate

COSTS = ("cold loads", "cached loads", "computes", "contention", "overhead")


@dataclass(frozen=True)
class Explanation:
    """A prediction's error, and what it is with measured costs in place of predicted ones."""

    error: float
    """Of the makespan, as a fraction of the measured median."""
    with_measured: dict[str, float]
    """The error that is left with one class of costs measured; see ``COSTS``."""
    with_all: float
    """The error that is left with all of them measured: what no cost explains."""

    @property
    def most(self) -> tuple[str, float]:
        """The class that explains most of the error, and how much of the makespan that is."""
        shrunk = {name: abs(self.error) - abs(left) for name, left in self.with_measured.items()}
        name = max(shrunk, key=lambda cost: shrunk[cost])
        return name, shrunk[name]


def explain(
    pipeline: Pipeline, policy: Policy, budget_bytes: int, runs: Sequence[Trace]
) -> Explanation:
    """Find the class of costs that explains most of a prediction's error.

    Args:
        pipeline: with the costs that were predicted.
        policy: that was simulated and run.
        budget_bytes: of both.
        runs: measured traces.
    """
    measured_ns = statistics.median(run.makespan_ns for run in runs)
    beside = [Beside(run) for run in runs]
    speeds = measured_speeds(beside, pipeline.contended)

    def left(changed: Pipeline) -> float:
        return simulate(changed, policy, budget_bytes).makespan_ns / measured_ns - 1

    def costs(field: str, kind: Kind, *, cold: bool) -> _Change:
        return _replace(field, _alone(beside, kind, speeds, cold=cold))

    changes: dict[str, _Change] = {
        "cold loads": costs("cold_load_ns", Kind.LOAD, cold=True),
        "cached loads": costs("cached_load_ns", Kind.LOAD, cold=False),
        "computes": costs("compute_ns", Kind.COMPUTE, cold=False),
        "contention": lambda before: before.model_copy(update={"contended": speeds}),
        "overhead": _with_overhead(_overhead_ns(runs)),
    }
    everything = pipeline
    for change in changes.values():
        everything = change(everything)
    return Explanation(
        error=left(pipeline),
        with_measured={name: left(changes[name](pipeline)) for name in COSTS},
        with_all=left(everything),
    )


_Change = Callable[[Pipeline], Pipeline]


def _alone(
    runs: Sequence[Beside], kind: Kind, speeds: LaneSpeeds, *, cold: bool
) -> dict[ChunkKey, int]:
    """The mean of what each chunk's spans would have taken alone."""
    ppm = speeds.load_ppm if kind is Kind.LOAD else speeds.compute_ppm
    durations: dict[ChunkKey, list[int]] = {}
    for run in runs:
        for span in run.spans:
            if span.kind is kind and span.cold is cold:
                durations.setdefault((span.stage, span.name), []).append(
                    alone_ns(span.duration_ns, run.overlap_ns(span), ppm)
                )
    return {key: round(statistics.fmean(taken)) for key, taken in durations.items()}


def _overhead_ns(runs: Sequence[Trace]) -> int:
    """What a run needs on average to hand over from one compute to the next."""
    handed = sum(stalls_by_cause(run).get(Cause.OVERHEAD.value, 0) for run in runs)
    computes = sum(span.kind is Kind.COMPUTE for run in runs for span in run.spans)
    return handed // max(computes, 1)


def _replace(field: str, by_chunk: dict[ChunkKey, int]) -> _Change:
    def cost(stage: Stage, name: str, before: ChunkCost) -> ChunkCost:
        if (stage.name, name) not in by_chunk:
            return before
        return before.model_copy(update={field: by_chunk[stage.name, name]})

    return lambda pipeline: _with_costs(pipeline, cost)


def _with_overhead(overhead_ns: int) -> _Change:
    def cost(stage: Stage, name: str, before: ChunkCost) -> ChunkCost:
        return before.model_copy(update={"compute_ns": before.compute_ns + overhead_ns})

    return lambda pipeline: _with_costs(pipeline, cost)


def _with_costs(pipeline: Pipeline, cost: Callable[[Stage, str, ChunkCost], ChunkCost]) -> Pipeline:
    stages = tuple(
        stage.model_copy(
            update={
                "chunks": tuple(
                    chunk.model_copy(update={"cost": cost(stage, chunk.name, chunk.cost)})
                    for chunk in stage.chunks
                )
            }
        )
        for stage in pipeline.stages
    )
    return pipeline.model_copy(update={"stages": stages})
