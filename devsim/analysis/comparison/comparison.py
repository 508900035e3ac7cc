"""Everything that comparing two files has found."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from devsim.analysis.comparison.change import Change, Verdict

FileKind = Literal["profile", "plan", "trace"]


@dataclass(frozen=True)
class Setting:
    """What figures were taken under, before and after; empty where a file does not say."""

    name: str
    before: str
    after: str

    @property
    def same(self) -> bool:
        """Whether both sides have it alike."""
        return self.before == self.after

    @property
    def one_sided(self) -> bool:
        """Whether only one side says it."""
        return not (self.before and self.after)


@dataclass(frozen=True)
class Choice:
    """Something a plan decides about a stage, before and after; empty where it has no such."""

    stage: str
    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether both sides have it alike."""
        return self.before == self.after


@dataclass(frozen=True)
class Comparison:
    """Two files of one kind, before and after."""

    kind: FileKind
    workload: str
    settings: tuple[Setting, ...]
    """All of them; where some differ, figures may differ for that."""
    choices: tuple[Choice, ...]
    """All of them; a plan's only."""
    totals: tuple[Change, ...]
    parts: tuple[Change, ...]

    def regressions(self, threshold: Fraction) -> list[Change]:
        """What matters and got worse by more than the threshold and its noise."""
        return [
            change
            for change in (*self.totals, *self.parts)
            if change.matters and change.verdict(threshold) is Verdict.WORSE
        ]


def settings_of(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Setting, ...]:
    """The settings of both files by name, in the order of the first."""
    names = dict.fromkeys((*before, *after))
    return tuple(Setting(name, before.get(name, ""), after.get(name, "")) for name in names)
