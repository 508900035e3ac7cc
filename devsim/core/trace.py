"""A trace: what a schedule did and when, simulated or measured; times in ns from its start."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple


class Kind(StrEnum):
    """What an activity does; loads and computes each have a lane, unloads take none."""

    LOAD = "load"
    COMPUTE = "compute"
    UNLOAD = "unload"


class Span(NamedTuple):
    """One activity, from start to end."""

    kind: Kind
    position: int
    """Which compute of the whole run it is, or is for; computes are numbered in order from 0."""
    stage: str
    iteration: int
    chunk: int
    name: str
    start_ns: int
    end_ns: int
    cold: bool = False
    waited_for: str = ""
    """Why the activity could not start earlier, in the scheduler's words; empty if nothing."""

    @property
    def duration_ns(self) -> int:
        """How long it took."""
        return self.end_ns - self.start_ns


class Footprint(NamedTuple):
    """Bytes held from ``time_ns`` on."""

    time_ns: int
    bytes: int


@dataclass(frozen=True)
class Trace:
    """Spans in order of their start, the footprint over time, and the facts of the run."""

    origin: Literal["simulated", "measured"]
    workload: str
    policy: str
    budget_bytes: int
    spans: Sequence[Span]
    footprint: Sequence[Footprint]
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def makespan_ns(self) -> int:
        """From the start to the last compute's end."""
        return max((s.end_ns for s in self.spans if s.kind is Kind.COMPUTE), default=0)

    @property
    def peak_bytes(self) -> int:
        """The largest footprint."""
        return max((sample.bytes for sample in self.footprint), default=0)

    def busy_ns(self, lane: Kind) -> int:
        """How long a lane was busy."""
        return sum(span.duration_ns for span in self.spans if span.kind is lane)
