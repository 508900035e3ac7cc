"""Each chunk's loads and computes, predicted and measured, as distributions."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from devsim.core.trace import Kind, Span, Trace

_Key = tuple[str, str]


@dataclass(frozen=True)
class Distribution:
    """Durations of one activity of one chunk in ns, as it ran: beside the other lane or alone."""

    predicted: tuple[int, ...]
    measured: tuple[int, ...]

    @property
    def predicted_median(self) -> float:
        """The predicted median; 0 when there is none."""
        return statistics.median(self.predicted) if self.predicted else 0.0

    @property
    def measured_median(self) -> float:
        """The measured median; 0 when there is none."""
        return statistics.median(self.measured) if self.measured else 0.0

    @property
    def error(self) -> float:
        """The predicted median's error as a fraction of the measured one."""
        return self.predicted_median / self.measured_median - 1 if self.measured_median else 0.0

    @property
    def measured_quartiles(self) -> tuple[float, float]:
        """Between which the middle half of the measured durations lies."""
        if len(self.measured) < 2:
            return self.measured_median, self.measured_median
        low, _, high = statistics.quantiles(self.measured, n=4, method="inclusive")
        return low, high


@dataclass(frozen=True)
class ChunkCompared:
    """One chunk of a stage, over all its phases."""

    stage: str
    name: str
    cold_load: Distribution
    cached_load: Distribution
    compute: Distribution


def compare_chunks(predicted: Trace, runs: Sequence[Trace]) -> tuple[ChunkCompared, ...]:
    """Every chunk that is computed, in compute order; all runs' durations together."""
    before = _by_chunk(predicted.spans)
    after = _by_chunk(span for run in runs for span in run.spans)

    def both(key: _Key, kind: Kind, cold: bool) -> Distribution:
        durations = [tuple(each.get((*key, kind, cold), ())) for each in (before, after)]
        return Distribution(*durations)

    computed = (span for span in predicted.spans if span.kind is Kind.COMPUTE)
    return tuple(
        ChunkCompared(
            stage=key[0],
            name=key[1],
            cold_load=both(key, Kind.LOAD, cold=True),
            cached_load=both(key, Kind.LOAD, cold=False),
            compute=both(key, Kind.COMPUTE, cold=False),
        )
        for key in dict.fromkeys((span.stage, span.name) for span in computed)
    )


def _by_chunk(spans: Iterable[Span]) -> dict[tuple[str, str, Kind, bool], list[int]]:
    durations: dict[tuple[str, str, Kind, bool], list[int]] = {}
    for span in spans:
        key = span.stage, span.name, span.kind, span.cold
        durations.setdefault(key, []).append(span.duration_ns)
    return durations
