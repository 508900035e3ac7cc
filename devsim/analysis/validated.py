"""Everything that validating a plan has found."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from devsim.analysis.explain import Explanation
from devsim.analysis.validation import Validation
from devsim.core.trace import Trace


@dataclass(frozen=True)
class SpeedUp:
    """A named policy that took turns with the plan on the same packages."""

    policy: str
    makespans_ns: tuple[int, ...]
    """Of its runs; empty where it cannot keep the budget."""
    peak_bytes: int
    speed_up: float
    """Its makespan over the plan's of the same turn, the median; 0 where it was not run."""


@dataclass(frozen=True)
class Validated:
    """Figures, what explains their error, and what the plan was compared with."""

    figures: Validation
    explanation: Explanation
    speed_ups: tuple[SpeedUp, ...]
    equal: bool
    """Whether the outputs are the unchunked model's bit for bit."""
    psnr_db: float
    """Of the worst output; infinite when all are equal."""
    environment: dict[str, str]
    not_finite: Mapping[str, str] = field(default_factory=dict)
    """By output, how many of its elements are NaN or infinite, in words."""


def speed_ups(runs: Sequence[Trace], others: Mapping[str, Sequence[Trace]]) -> tuple[SpeedUp, ...]:
    """Compare the plan's runs with those of named policies, turn by turn."""
    return tuple(
        SpeedUp(
            policy=policy,
            makespans_ns=tuple(trace.makespan_ns for trace in traces),
            peak_bytes=max((trace.peak_bytes for trace in traces), default=0),
            speed_up=statistics.median(
                other.makespan_ns / ours.makespan_ns
                for other, ours in zip(traces, runs, strict=True)
            )
            if traces
            else 0.0,
        )
        for policy, traces in others.items()
    )
