"""Which cost explains most of a prediction's error.

One class of predicted costs after the other is replaced by what the runs measured, in the
simulator; the class with which the error shrinks most is the one that was wrong. Durations of a
run contain what the other lane cost them, so what an activity takes alone is worked out first.
"""

import statistics
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from devsim.core.pipeline import ChunkCost, LaneSpeeds, Pipeline, Stage
from devsim.core.stalls import Cause, stalls_by_cause
from devsim.core.trace import Kind, Span, Trace
from devsim.policy.protocol import Policy
from devsim.simulate.simulator import simulate

_FULL_PPM = 1_000_000
_OTHER = {Kind.LOAD: Kind.COMPUTE, Kind.COMPUTE: Kind.LOAD}
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
    beside = [_Beside(run) for run in runs]
    speeds = _measured_speeds(beside, pipeline.contended)

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
_ChunkKey = tuple[str, str]


class _Beside:
    """How long each span of a run ran beside the other lane."""

    def __init__(self, run: Trace) -> None:
        self.spans = [span for span in run.spans if span.kind in _OTHER]
        self._of = {
            kind: sorted(
                (span for span in self.spans if span.kind is kind), key=lambda span: span.start_ns
            )
            for kind in _OTHER
        }
        self._ends = {kind: [span.end_ns for span in spans] for kind, spans in self._of.items()}

    def overlap_ns(self, span: Span) -> int:
        """Computes never overlap one another, nor do loads where there is one loader."""
        other = self._of[_OTHER[span.kind]]
        total = 0
        for neighbour in other[bisect_left(self._ends[_OTHER[span.kind]], span.start_ns) :]:
            if neighbour.start_ns >= span.end_ns:
                break
            total += min(span.end_ns, neighbour.end_ns) - max(span.start_ns, neighbour.start_ns)
        return min(total, span.duration_ns)


def _alone(
    runs: Sequence[_Beside], kind: Kind, speeds: LaneSpeeds, *, cold: bool
) -> dict[_ChunkKey, int]:
    """The median of what each chunk's spans would have taken alone."""
    ppm = speeds.load_ppm if kind is Kind.LOAD else speeds.compute_ppm
    durations: dict[_ChunkKey, list[int]] = {}
    for run in runs:
        for span in run.spans:
            if span.kind is kind and span.cold is cold:
                slowed_ns = run.overlap_ns(span) * (_FULL_PPM - ppm) // _FULL_PPM
                durations.setdefault((span.stage, span.name), []).append(
                    span.duration_ns - slowed_ns
                )
    return {key: round(statistics.median(taken)) for key, taken in durations.items()}


def _measured_speeds(runs: Sequence[_Beside], predicted: LaneSpeeds) -> LaneSpeeds:
    """How fast each lane was beside the other: the slope of durations over overlaps.

    Of spans of one chunk, those that overlap more take longer, by ``1 - speed`` a nanosecond.
    Where all overlap alike, a run cannot tell speed from cost, and the predicted speed stays.
    """

    def ppm(kind: Kind, otherwise: int) -> int:
        groups: dict[tuple[_ChunkKey, bool], list[tuple[int, int]]] = {}
        for run in runs:
            for span in run.spans:
                if span.kind is kind:
                    key = (span.stage, span.name), span.cold
                    groups.setdefault(key, []).append((run.overlap_ns(span), span.duration_ns))
        slope = _common_slope(list(groups.values()))
        if slope is None:
            return otherwise
        return max(1, min(_FULL_PPM, round(_FULL_PPM * (1 - slope))))

    return predicted.model_copy(
        update={
            "load_ppm": ppm(Kind.LOAD, predicted.load_ppm),
            "compute_ppm": ppm(Kind.COMPUTE, predicted.compute_ppm),
        }
    )


def _common_slope(groups: Sequence[Sequence[tuple[int, int]]]) -> float | None:
    """Least squares with one slope for all groups and an intercept each; None without spread."""
    above = below = 0.0
    for points in groups:
        mean_x = statistics.fmean(x for x, _ in points)
        mean_y = statistics.fmean(y for _, y in points)
        above += sum((x - mean_x) * (y - mean_y) for x, y in points)
        below += sum((x - mean_x) ** 2 for x, _ in points)
    return above / below if below else None


def _overhead_ns(runs: Sequence[Trace]) -> int:
    """What a run needs on average to hand over from one compute to the next."""
    handed = sum(stalls_by_cause(run).get(Cause.OVERHEAD.value, 0) for run in runs)
    computes = sum(span.kind is Kind.COMPUTE for run in runs for span in run.spans)
    return handed // max(computes, 1)


def _replace(field: str, by_chunk: dict[_ChunkKey, int]) -> _Change:
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
