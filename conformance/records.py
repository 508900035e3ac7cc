"""What became of each case: one line of JSON a case, appended as the cases run."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path


class Outcome(StrEnum):
    """What became of a case."""

    PASSED = "passed"
    """Compared, and within the suite's tolerance."""
    FAILED = "failed"
    """Compared or computed, and wrong."""
    UNSUPPORTED = "unsupported"
    """Refused by the runtime."""
    UNCOMPARED = "uncompared"
    """The case never asked for a prediction: it tests the converter, or is skipped."""


class Reach(StrEnum):
    """How near to what a case expects a runtime can come that does what the program says.

    Exact: in real numbers, from the stored constants and the inputs as the program takes them.
    """

    UNJUDGED = ""
    """Nobody asked."""
    REACHED = "reached"
    """The exact result is within the tolerance, rounded at every operation or only at the end."""
    ROUNDING = "rounding"
    """It is not; one that is wrong by up to a unit in its last place may be."""
    VALUE = "value"
    """It is not, nor is any that is wrong by a unit in its last place."""
    TYPE = "type"
    """No value at all of the output's type is."""
    UNKNOWN = "unknown"
    """The exact result is not known."""


UNREACHABLE = (Reach.TYPE, Reach.VALUE, Reach.ROUNDING)
"""What no runtime passes that computes exactly and rounds correctly."""


@dataclass(frozen=True, slots=True)
class Record:
    """The result of one case.

    Attributes:
        case: the test function, and the number of the case among its cases.
        operation: the operation it tests.
        precision: ``fp16``, ``fp32``, ``mixed`` or ``own``; see ``naming.precision``.
        outcome: at the suite's tolerance.
        strict: whether it also holds at the strict tolerance.
        reason: one line, where it did not pass, or failed on the program after it was compared.
        reach: how near a runtime can come, where that was asked.
    """

    case: str
    operation: str
    precision: str
    outcome: Outcome
    strict: bool = False
    reason: str = ""
    reach: Reach = Reach.UNJUDGED

    @property
    def reached(self) -> bool:
        """Whether the case asked the runtime for a prediction."""
        return self.outcome is not Outcome.UNCOMPARED


def append(path: Path, record: Record) -> None:
    """Add one record to a file, which need not exist."""
    with path.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(asdict(record)) + "\n")


def read(path: Path) -> list[Record]:
    """The records of a file, the latest of each case; none when it does not exist."""
    if not path.exists():
        return []
    fields = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return latest(
        Record(
            **{
                **row,
                "outcome": Outcome(row["outcome"]),
                "reach": Reach(row.get("reach", Reach.UNJUDGED)),
            }
        )
        for row in fields
    )


def latest(records: Iterable[Record]) -> list[Record]:
    """The last record of each case, in order of case."""
    by_case = {record.case: record for record in records}
    return [by_case[case] for case in sorted(by_case)]
