"""What plans are compared by."""

from enum import StrEnum
from typing import NamedTuple

NEVER = 1 << 200
"""The makespan of what does not fit: more than any other."""


class Objective(StrEnum):
    """The quantity a plan minimises."""

    LATENCY = "latency"
    """The least makespan."""
    IO = "io"
    """The fewest bytes read; the least makespan among those."""
    MEMORY = "memory"
    """The least budget with which a makespan is kept."""


class Cost(NamedTuple):
    """What a schedule costs; the smaller is the better one.

    Attributes:
        read_bytes: what all loads read, where that is what counts first; 0 elsewhere.
        makespan_ns: the time.
    """

    read_bytes: int
    makespan_ns: int

    @property
    def fits(self) -> bool:
        """Whether there is a run that costs this."""
        return self.makespan_ns < NEVER

    def within(self, other: "Cost", share: float) -> bool:
        """Whether it is at most ``1 + share`` times another, in what counts first."""
        mine, others = self._leading(other)
        return mine <= others * (1 + share)

    def gap(self, bound: "Cost") -> float:
        """By which share it is above a bound, in what counts first."""
        mine, others = self._leading(bound)
        return mine / max(1, others) - 1

    def _leading(self, other: "Cost") -> tuple[int, int]:
        if self.read_bytes or other.read_bytes:
            return self.read_bytes, other.read_bytes
        return self.makespan_ns, other.makespan_ns


DOES_NOT_FIT = Cost(NEVER, NEVER)


def cost_of(objective: Objective, read_bytes: int, makespan_ns: int) -> Cost:
    """What a schedule costs by the measure of an objective."""
    if makespan_ns == NEVER:
        return DOES_NOT_FIT
    return Cost(read_bytes if objective is Objective.IO else 0, makespan_ns)
