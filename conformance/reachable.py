"""Of the cases of fp32 that compute in float16 and miss: which of them any runtime could pass."""

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from conformance.records import UNREACHABLE, Outcome, Reach, Record

MIXED = "mixed"
_MISSED = f" {MIXED} {Outcome.FAILED}, "
KINDS = (Reach.TYPE, Reach.VALUE, Reach.ROUNDING, Reach.REACHED, Reach.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Rates:
    """The part of the cases that pass, over all of them and over those that can be passed.

    Attributes:
        compared: all cases that asked for a prediction.
        passed: within the suite's tolerances.
        unreachable: of those that did not pass, how many no exact result passes.
    """

    compared: int
    passed: int
    unreachable: int

    @property
    def over_all(self) -> float:
        """Passed of all that were compared."""
        return self.passed / self.compared

    @property
    def over_reachable(self) -> float:
        """Passed of those that can be passed."""
        return self.passed / (self.compared - self.unreachable)


def tests(results: Path) -> list[str]:
    """The tests with a mixed case that missed, by a file of results; see ``summary.write``."""
    wrong = json.loads(results.read_text(encoding="utf-8"))["not passed"]
    return sorted({key.partition(_MISSED)[0] for key in wrong if _MISSED in key})


def missed(records: Iterable[Record]) -> list[Record]:
    """The mixed cases that did not pass."""
    return [r for r in records if r.precision == MIXED and r.outcome is Outcome.FAILED]


def rates(results: Path, recorded: Path) -> Rates:
    """How the whole run went, of the two files that record it."""
    totals = json.loads(results.read_text(encoding="utf-8"))["totals"].values()
    compared, passed, *_ = (sum(column) for column in zip(*totals, strict=True))
    operations = json.loads(recorded.read_text(encoding="utf-8"))["missed"].values()
    unreachable = sum(row[kind] for row in operations for kind in UNREACHABLE if kind in row)
    return Rates(compared, passed, unreachable)


def write(records: Sequence[Record], path: Path) -> None:
    """Write the counts by operation, what could pass and did not, the controls, and a sample."""
    wrong = missed(records)
    content = {
        "suite": f"coremltools {version('coremltools')}",
        "missed": {name: _kinds(group) for name, group in _by_operation(wrong).items()},
        "could pass": [r.case for r in wrong if r.reach not in UNREACHABLE],
        "controls": {
            precision: _kinds(r for r in records if r.precision == precision and _passed(r))
            for precision in ("fp32", MIXED)
        },
        "sample": _sample(records),
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def table(records: Sequence[Record]) -> str:
    """A line for every operation: how many mixed cases missed, and what could be reached."""
    form = "{:28} {:>8} " + "{:>9} " * len(KINDS) + "{:>12}"
    head = form.format("operation", "missed", *KINDS, "unreachable")
    wrong = missed(records)
    rows = [_row(form, name, group) for name, group in _by_operation(wrong).items()]
    controls = [
        f"{precision} that passed: {_shown([r for r in records if r.precision == precision])}"
        for precision in ("fp32", MIXED)
    ]
    could = [f"could pass: {r.case} ({r.reach})" for r in wrong if r.reach not in UNREACHABLE]
    return "\n".join([head, *rows, _row(form, "all", wrong), *could, *controls])


def _sample(records: Iterable[Record]) -> dict[str, str]:
    """A case of every operation, precision, outcome and reach, and that reach."""
    groups: dict[tuple[str, ...], list[Record]] = {}
    for record in filter(lambda record: record.reached, records):
        key = (record.operation, record.precision, record.outcome, record.reach)
        groups.setdefault(key, []).append(record)
    chosen = [min(group, key=lambda r: zlib.crc32(r.case.encode())) for group in groups.values()]
    return {record.case: record.reach.value for record in sorted(chosen, key=lambda r: r.case)}


def _row(form: str, name: str, group: Sequence[Record]) -> str:
    kinds = _kinds(group)
    unreachable = sum(kinds.get(kind, 0) for kind in UNREACHABLE)
    return form.format(
        name, len(group), *(kinds.get(kind, 0) for kind in KINDS), unreachable
    ).rstrip()


def _shown(records: Sequence[Record]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in _kinds(filter(_passed, records)).items())


def _passed(record: Record) -> bool:
    return record.outcome is Outcome.PASSED


def _by_operation(records: Iterable[Record]) -> dict[str, list[Record]]:
    groups: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda record: record.operation):
        groups.setdefault(record.operation, []).append(record)
    return groups


def _kinds(records: Iterable[Record]) -> dict[str, int]:
    reached = [record.reach for record in records]
    return {kind.value: reached.count(kind) for kind in KINDS if kind in reached}
