"""Spans of runs beside the other lane: how long each overlapped, and what that says of speeds."""

import statistics
from bisect import bisect_left
from collections.abc import Sequence

from devsim.core.pipeline import LaneSpeeds
from devsim.core.trace import Kind, Span, Trace

FULL_PPM = 1_000_000
ChunkKey = tuple[str, str]

_OTHER = {Kind.LOAD: Kind.COMPUTE, Kind.COMPUTE: Kind.LOAD}
_TRIED_PPM = range(50_000, FULL_PPM + 1, 10_000)
_STEADIER = 0.8
"""A speed is taken for measured if it leaves less than this of the unsteadiness of the predicted
one. Of a few dozen spans, the best of all speeds leaves a few percent less by chance alone."""

_Points = Sequence[tuple[int, int]]
"""Overlap and duration of a chunk's spans, ns."""


class Beside:
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


def measured_speeds(runs: Sequence[Beside], predicted: LaneSpeeds) -> LaneSpeeds:
    """How fast each lane was beside the other, where the runs tell; elsewhere as predicted.

    A chunk takes as long alone every time. So the speed is the one with which what its spans would
    have taken alone varies least, of its mean. A slope of durations over overlaps would not do: a
    load that takes longer, for whatever reason, also overlaps longer. Where all of a chunk's spans
    overlap alike, or wholly, every speed leaves them as unsteady.
    """
    return predicted.model_copy(
        update={
            "load_ppm": _steadiest(_points(runs, Kind.LOAD), predicted.load_ppm),
            "compute_ppm": _steadiest(_points(runs, Kind.COMPUTE), predicted.compute_ppm),
        }
    )


def alone_ns(duration_ns: int, overlap_ns: int, ppm: int) -> int:
    """What a span would have taken alone, had it that speed beside the other lane."""
    return duration_ns - overlap_ns * (FULL_PPM - ppm) // FULL_PPM


def _points(runs: Sequence[Beside], kind: Kind) -> list[_Points]:
    groups: dict[tuple[ChunkKey, bool], list[tuple[int, int]]] = {}
    for run in runs:
        for span in run.spans:
            if span.kind is kind:
                key = (span.stage, span.name), span.cold
                groups.setdefault(key, []).append((run.overlap_ns(span), span.duration_ns))
    return list(groups.values())


def _steadiest(groups: Sequence[_Points], predicted_ppm: int) -> int:
    best = min(_TRIED_PPM, key=lambda ppm: _unsteadiness(groups, ppm))
    as_predicted = _unsteadiness(groups, predicted_ppm)
    return best if _unsteadiness(groups, best) < _STEADIER * as_predicted else predicted_ppm


def _unsteadiness(groups: Sequence[_Points], ppm: int) -> float:
    """Squared deviations from the mean of each chunk, as fractions of it, over all spans."""
    total = 0.0
    for points in groups:
        alone = [alone_ns(duration_ns, overlap_ns, ppm) for overlap_ns, duration_ns in points]
        mean = statistics.fmean(alone)
        total += sum((each / mean - 1) ** 2 for each in alone) if mean else 0.0
    return total
