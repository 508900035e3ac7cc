"""One figure before and after, and whether the difference is more than the samples' noise."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class Unit(StrEnum):
    """What a figure counts."""

    NS = "ns"
    BYTES = "bytes"


class Verdict(StrEnum):
    """What became of a figure."""

    BETTER = "better"
    WORSE = "worse"
    UNCHANGED = "unchanged"
    """The medians are apart by no more than the threshold."""
    NOISE = "noise"
    """The medians are apart by more than the threshold, but the samples' ranges overlap."""
    ONLY_BEFORE = "only before"
    ONLY_AFTER = "only after"


@dataclass(frozen=True)
class Sampled:
    """A figure's samples, reduced: in ns or bytes."""

    median: Fraction
    low: int
    high: int
    count: int

    @classmethod
    def of(cls, samples: Sequence[int]) -> "Sampled | None":
        """The samples' median and range; None when there are none."""
        if not samples:
            return None
        median = statistics.median(Fraction(sample) for sample in samples)
        return cls(median, min(samples), max(samples), len(samples))

    @classmethod
    def total(cls, parts: Sequence["Sampled"]) -> "Sampled":
        """The sum of at least one part; it ranges from all of their lows to all of their highs."""
        return cls(
            median=sum((part.median for part in parts), Fraction()),
            low=sum(part.low for part in parts),
            high=sum(part.high for part in parts),
            count=min(part.count for part in parts),
        )


@dataclass(frozen=True)
class Change:
    """One figure before and after, of which less is better; None where there is none."""

    figure: str
    unit: Unit
    before: Sampled | None
    after: Sampled | None
    stage: str = ""
    """Empty for the whole."""
    part: str = ""
    """A block and its variant, or a chunk; empty for a total."""
    matters: bool = False
    """Whether the comparison's answer is no when this gets worse."""

    @property
    def name(self) -> str:
        """What it is and of what, in words."""
        return " ".join(word for word in (self.stage, self.part, self.figure) if word)

    @property
    def ratio(self) -> float | None:
        """After over before; None where either is missing, or there was nothing before."""
        if self.before is None or self.after is None:
            return None
        if self.before.median == self.after.median:
            return 1.0
        return float(self.after.median / self.before.median) if self.before.median else None

    def verdict(self, threshold: Fraction) -> Verdict:
        """Whether it got better or worse: by more than the threshold, and out of its old range.

        Swapping before and after swaps better and worse and leaves the others.

        Args:
            threshold: how much the larger median may be above the smaller one, as a fraction.
        """
        if self.before is None:
            return Verdict.ONLY_AFTER
        if self.after is None:
            return Verdict.ONLY_BEFORE
        less, more = sorted((self.before, self.after), key=lambda each: each.median)
        if more.median <= less.median * (1 + threshold):
            return Verdict.UNCHANGED
        if more.low <= less.high:
            return Verdict.NOISE
        return Verdict.WORSE if more is self.after else Verdict.BETTER


def single(
    figure: str, before: int, after: int, unit: Unit = Unit.NS, *, matters: bool = False
) -> Change:
    """A figure of the whole that each side has once."""
    return Change(figure, unit, Sampled.of((before,)), Sampled.of((after,)), matters=matters)


def totals(parts: Iterable[Change], stage: str = "") -> list[Change]:
    """The sum of each figure over the parts that have it on both sides."""
    sums: dict[str, tuple[Unit, list[Sampled], list[Sampled]]] = {}
    for part in parts:
        if part.before is not None and part.after is not None:
            _, before, after = sums.setdefault(part.figure, (part.unit, [], []))
            before.append(part.before)
            after.append(part.after)
    return [
        Change(figure, unit, Sampled.total(before), Sampled.total(after), stage, matters=True)
        for figure, (unit, before, after) in sums.items()
    ]
