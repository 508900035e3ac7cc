"""``devsim.compare``."""

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from devsim.analysis.comparison.change import Change
from devsim.analysis.comparison.comparison import Comparison
from devsim.analysis.comparison.files import compare_files
from devsim.api.arguments import File
from devsim.core.files import write_atomically
from devsim.report.comparison_json import comparison_json


@dataclass(frozen=True, repr=False)
class ComparisonResult:
    """What changed between two profiles, plans or traces by more than noise.

    Attributes:
        comparison: every change.
        threshold: the relative change that is tolerated.
    """

    comparison: Comparison
    threshold: Fraction

    @property
    def regressions(self) -> tuple[Change, ...]:
        """What got worse, and matters."""
        return tuple(self.comparison.regressions(self.threshold))

    def to_dict(self) -> dict[str, Any]:
        """Everything, in the units people script with."""
        return comparison_json(self.comparison, self.threshold)

    def write(self, path: File, *, force: bool = False) -> None:
        """Write ``to_dict()`` as JSON.

        Raises:
            BadInputError: the file exists and ``force`` is not given, or cannot be written.
        """
        text = json.dumps(self.to_dict(), indent=1)
        write_atomically(Path(path), text.encode(), force=force)

    def __repr__(self) -> str:
        kind, names = self.comparison.kind, [each.name for each in self.regressions[:8]]
        worse = ", ".join(names) or "nothing that matters"
        return f"<two {kind}s of {self.comparison.workload}>\nworse: {worse}"


def compare(before: File, after: File, *, threshold: Fraction | float = 0.05) -> ComparisonResult:
    """Compare two profiles, two plans or two traces.

    Args:
        before: a file that devsim wrote.
        after: another of its kind.
        threshold: the relative change that is tolerated.

    Raises:
        BadFileError: one is missing, truncated, or not a file of devsim.
        BadInputError: they are not of one kind, or not of one workload.
    """
    compared = compare_files(Path(before), Path(after))
    return ComparisonResult(compared, Fraction(str(threshold)))
