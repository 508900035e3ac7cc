"""Predicted against measured: how far a simulated trace is from runs of the same plan."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from devsim.analysis.chunks import ChunkCompared, compare_chunks
from devsim.core.stalls import stalls_by_cause
from devsim.core.trace import Kind, Trace


@dataclass(frozen=True)
class Compared:
    """One figure, predicted and measured in every run, in ns or bytes."""

    predicted: int
    measured: tuple[int, ...]

    @property
    def median(self) -> float:
        """The measured median."""
        return statistics.median(self.measured)

    @property
    def error(self) -> float:
        """The prediction's error as a fraction of the measured median; above 0 is too much."""
        return self.predicted / self.median - 1 if self.median else 0.0

    @property
    def spread(self) -> float:
        """The runs' own range as a fraction of their median."""
        return (max(self.measured) - min(self.measured)) / self.median if self.median else 0.0


@dataclass(frozen=True)
class Validation:
    """What runs say of a prediction."""

    makespan: Compared
    load_busy: Compared
    compute_busy: Compared
    peak: Compared
    stalls: dict[str, Compared]
    """By cause; every cause that either has."""
    chunks: tuple[ChunkCompared, ...]
    budget_bytes: int
    outputs_match: bool
    """Whether every run computed what the unchunked model computes."""
    outputs_finite: bool
    """Whether the outputs have no NaN and no infinity, or may have some."""
    max_error: float | None
    """The makespan's largest error, as a fraction, with which the prediction still holds."""

    @property
    def budget_exceeded(self) -> bool:
        """Whether the sampled footprint was above the budget in any run."""
        return max(self.peak.measured) > self.budget_bytes

    @property
    def error_exceeded(self) -> bool:
        """Whether the makespan was predicted worse than was asked for."""
        return self.max_error is not None and abs(self.makespan.error) > self.max_error

    @property
    def passed(self) -> bool:
        """Whether the plan held: within the budget and the error, with the model's outputs."""
        right = self.outputs_match and self.outputs_finite
        return right and not self.budget_exceeded and not self.error_exceeded


def compare(
    predicted: Trace,
    runs: Sequence[Trace],
    *,
    peak_bytes: int,
    outputs_match: bool,
    outputs_finite: bool = True,
    max_error: float | None = None,
) -> Validation:
    """Put a simulated trace beside measured ones.

    Args:
        predicted: the simulated trace of a plan.
        runs: measured traces of the same plan.
        peak_bytes: the largest footprint that the prediction leads one to expect.
        outputs_match: whether every run computed what the unchunked model computes.
        outputs_finite: whether they have no NaN and no infinity, or may have some.
        max_error: the makespan's largest error, as a fraction, that is let pass.
    """

    def figure(of: Callable[[Trace], int]) -> Compared:
        return Compared(of(predicted), tuple(of(run) for run in runs))

    stalls = [stalls_by_cause(trace) for trace in (predicted, *runs)]
    causes = dict.fromkeys(cause for each in stalls for cause in each)
    return Validation(
        makespan=figure(lambda trace: trace.makespan_ns),
        load_busy=figure(lambda trace: trace.busy_ns(Kind.LOAD)),
        compute_busy=figure(lambda trace: trace.busy_ns(Kind.COMPUTE)),
        peak=Compared(peak_bytes, tuple(run.peak_bytes for run in runs)),
        stalls={
            cause: Compared(stalls[0].get(cause, 0), tuple(run.get(cause, 0) for run in stalls[1:]))
            for cause in causes
        },
        chunks=compare_chunks(predicted, runs),
        budget_bytes=predicted.budget_bytes,
        outputs_match=outputs_match,
        outputs_finite=outputs_finite,
        max_error=max_error,
    )
