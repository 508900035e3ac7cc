"""Which of the suite's cases to run, and the fixed sample of them."""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from conformance.records import Outcome, Record


def chosen(
    names: Sequence[str], every: int, sample: Path | None, most: int | None = None
) -> list[str]:
    """The names of a sample, or one in so many, spread over all and the same in every run.

    Args:
        names: of all cases.
        every: take one in so many; 1 takes all.
        sample: a file of names, one a line, of cases or of all the cases of a test; None for all.
        most: how many to take, where not all; a larger number takes those of a smaller one too.
    """
    if most is not None:
        return sorted(names, key=_place)[:most]
    if sample is not None:
        wanted = set(sample.read_text(encoding="utf-8").split())
        return [name for name in names if wanted.intersection((name, name.partition("#")[0]))]
    return [name for name in names if _place(name) % every == 0]


def spread(results: Iterable[Record]) -> list[str]:
    """A case of every operation and precision that passed at both tolerances."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for record in results:
        if record.outcome is Outcome.PASSED and record.strict:
            groups[record.operation, record.precision].append(record.case)
    return sorted(min(group, key=_place) for group in groups.values())


def _place(name: str) -> int:
    return zlib.crc32(name.encode())
