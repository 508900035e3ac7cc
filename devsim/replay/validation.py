"""Predicted against measured: how far a simulated trace is from runs of the same plan."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
    budget_bytes: int
    outputs_match: bool
    """Whether every run computed the same outputs."""

    @property
    def budget_exceeded(self) -> bool:
        """Whether the sampled footprint was above the budget in any run."""
        return max(self.peak.measured) > self.budget_bytes

    @property
    def passed(self) -> bool:
        """Whether the plan held: within the budget, with the same outputs every time."""
        return self.outputs_match and not self.budget_exceeded


def compare(predicted: Trace, runs: Sequence[Trace], outputs: Sequence[str]) -> Validation:
    """Put a simulated trace beside measured ones.

    Args:
        predicted: the simulated trace of a plan.
        runs: measured traces of the same plan.
        outputs: a digest of each run's outputs.
    """

    def figure(of: Callable[[Trace], int]) -> Compared:
        return Compared(of(predicted), tuple(of(run) for run in runs))

    return Validation(
        makespan=figure(lambda trace: trace.makespan_ns),
        load_busy=figure(lambda trace: trace.busy_ns(Kind.LOAD)),
        compute_busy=figure(lambda trace: trace.busy_ns(Kind.COMPUTE)),
        peak=figure(lambda trace: trace.peak_bytes),
        budget_bytes=predicted.budget_bytes,
        outputs_match=len(set(outputs)) == 1,
    )
