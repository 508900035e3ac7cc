"""Counts of a run by operation and precision, as a table and as a small file."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from conformance.records import Outcome, Record

PRECISIONS = ("fp16", "fp32", "mixed", "own")
_FORM = "{:36} {:6} {:>9} {:>7} {:>7} {:>7} {:>12}"


@dataclass(frozen=True, slots=True)
class Counts:
    """How the cases of one operation and precision went.

    Attributes:
        compared: how many asked the runtime for a prediction.
        passed: within the suite's tolerances.
        strict: within the strict one.
        failed: wrong at the suite's tolerances.
        unsupported: refused by the runtime.
    """

    compared: int
    passed: int
    strict: int
    failed: int
    unsupported: int


def counts(results: Iterable[Record]) -> Counts:
    """Count the cases that reached a comparison."""
    reached = [record for record in results if record.reached]
    outcomes = Counter(record.outcome for record in reached)
    return Counts(
        compared=len(reached),
        passed=outcomes[Outcome.PASSED],
        strict=sum(record.strict for record in reached),
        failed=outcomes[Outcome.FAILED],
        unsupported=outcomes[Outcome.UNSUPPORTED],
    )


def by_operation(results: Iterable[Record]) -> dict[tuple[str, str], Counts]:
    """Counts of every operation and precision that has any."""
    groups: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in results:
        if record.reached:
            groups[record.operation, record.precision].append(record)
    return {key: counts(groups[key]) for key in sorted(groups)}


def table(results: Sequence[Record]) -> str:
    """A line for every operation and precision, and the totals."""
    rows = [_row(*key, group) for key, group in by_operation(results).items()]
    head, *rest = totals(results).splitlines()
    return "\n".join([head, *rows, *rest])


def totals(results: Sequence[Record]) -> str:
    """A line for every precision, and one for all."""
    rows = [_row("all", each, counts(_of(results, each))) for each in PRECISIONS]
    head = _FORM.format("operation", "", *Counts.__slots__)
    return "\n".join([head, *rows, _row("all", "", counts(results))])


def write(results: Sequence[Record], cases: int, path: Path) -> None:
    """Write the counts, and every case that failed or did not pass at both tolerances.

    Args:
        results: of the cases that ran.
        cases: how many the suite has.
        path: the file.
    """
    wrong = [r for r in results if r.reached and not _is_right(r)]
    content = {
        "suite": f"coremltools {version('coremltools')}",
        "cases": cases,
        "run": len(results),
        "columns": list(Counts.__slots__),
        "totals": {each: _values(counts(_of(results, each))) for each in PRECISIONS},
        "operations": {
            " ".join(key): _values(group) for key, group in by_operation(results).items()
        },
        "not passed": _by_test(wrong),
    }
    path.write_text(_lines(content), encoding="utf-8")


def _lines(content: dict[str, object]) -> str:
    """JSON with a line for each operation and each test, to be small and easy to compare."""
    rows = []
    for key, value in content.items():
        if isinstance(value, dict):
            inner = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items())
            rows.append(f" {json.dumps(key)}: {{\n{inner}\n }}")
        else:
            rows.append(f" {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(rows) + "\n}\n"


def _by_test(wrong: Iterable[Record]) -> dict[str, dict[str, object]]:
    """The numbers of a test's cases that share a precision and an outcome, and the first reason."""
    groups: dict[str, dict[str, object]] = {}
    numbers: dict[str, list[int]] = defaultdict(list)
    for record in wrong:
        test, _, number = record.case.partition("#")
        closeness = "strictly right" if record.strict else "not strictly right"
        key = f"{test} {record.precision} {record.outcome}, {closeness}"
        numbers[key].append(int(number))
        groups.setdefault(key, {"reason": record.reason, "cases": numbers[key]})
    return groups


def _is_right(record: Record) -> bool:
    return record.strict and record.outcome is Outcome.PASSED and not record.reason


def _of(results: Iterable[Record], precision: str) -> list[Record]:
    return [record for record in results if record.precision == precision]


def _values(group: Counts) -> list[int]:
    return [group.compared, group.passed, group.strict, group.failed, group.unsupported]


def _row(operation: str, precision: str, group: Counts) -> str:
    return _FORM.format(operation, precision, *_values(group))
