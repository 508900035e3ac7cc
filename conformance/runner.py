"""Runs the suite in processes of its own, a file at a time, from where it stopped."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance import records
from conformance.records import Outcome, Record
from conformance.suite import OPERATIONS, Suite, environment
from devsim.core.errors import DevsimError

_DONE = (0, 1, 5)
"""Exits of pytest that mean it went through: all passed, some failed, nothing left to run."""


class SuiteError(DevsimError):
    """The suite itself cannot be run."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which cases to run, and how.

    Attributes:
        suite: whose cases.
        only: texts, one of which a file's path must contain; none for every file.
        every: one case in so many.
        sample: a file of the cases or tests to run, one a line; they run in one process.
        most: how many cases to run, spread over all files; None for all.
        precision: of the backend, ``fp16`` or ``fp32``; empty for both.
        judged: whether to say as well what can be reached of each case.
        target: what a front-end test converts for that does not say; empty for the oldest.
        timeout: seconds that a case may take.
    """

    suite: Suite = OPERATIONS
    only: tuple[str, ...] = ()
    every: int = 1
    sample: Path | None = None
    most: int | None = None
    precision: str = ""
    judged: bool = False
    target: str = ""
    timeout: int = 60


def run(selection: Selection, results: Path, progress: Callable[[str], None]) -> list[Record]:
    """Run what of a selection has no result yet.

    Args:
        selection: which cases.
        results: the file to append to and to resume from.
        progress: told a line as each batch of files begins and ends.

    Raises:
        SuiteError: pytest does not start.
        MissingExtraError: something that the suite imports is not installed.
    """
    batches = _batches(selection)
    for number, batch in enumerate(batches, start=1):
        before = len(records.read(results))
        progress(f"[{number}/{len(batches)}] {', '.join(batch)}")
        _to_the_end(selection, results, batch)
        progress(f"    {len(records.read(results)) - before} cases")
    return records.read(results)


def total(suite: Suite) -> int:
    """How many cases a suite has.

    Raises:
        SuiteError: pytest cannot collect them.
    """
    selection = Selection(suite)
    command = [*_command(suite.files(), Path(os.devnull), selection), "--collect-only"]
    done = subprocess.run(
        command, cwd=suite.folder(), env=environment(), capture_output=True, text=True
    )
    found = re.search(r"^(\d+) tests collected", done.stdout, re.MULTILINE)
    if found is None:
        raise SuiteError("pytest cannot collect the suite", "install devsim[conformance]")
    return int(found[1])


def _batches(selection: Selection) -> list[list[str]]:
    if selection.sample is not None:
        cases = selection.sample.read_text(encoding="utf-8").split()
        return [sorted({case.partition("::")[0] for case in cases})]
    only = selection.only or ("",)
    files = [name for name in selection.suite.files() if any(part in name for part in only)]
    return [[name] for name in files] if selection.most is None else [files]


def _to_the_end(selection: Selection, results: Path, batch: Sequence[str]) -> None:
    """Run a batch over as many processes as its cases bring down."""
    running = results.with_suffix(".running")
    running.unlink(missing_ok=True)
    while (status := _pytest(selection, results, batch)) not in _DONE:
        if not running.exists():
            raise SuiteError(
                f"{', '.join(batch)}: pytest ended with status {status}",
                "see its output above; it needs devsim[conformance]",
            )
        case = running.read_text(encoding="utf-8")
        tested = case.split("::")[1]
        records.append(
            results, Record(case, tested, "own", Outcome.FAILED, reason="ended its process")
        )


def _pytest(selection: Selection, results: Path, batch: Sequence[str]) -> int:
    output = sys.stderr if selection.sample is None else subprocess.DEVNULL
    return subprocess.run(
        _command(batch, results, selection),
        cwd=selection.suite.folder(),
        env=environment(),
        stdout=output,
        stderr=output,
        check=False,
    ).returncode


def _command(batch: Sequence[str], results: Path, selection: Selection) -> list[str]:
    sample = "" if selection.sample is None else str(selection.sample.resolve())
    return [
        sys.executable, "-m", "pytest", *batch, "-q", "--no-header", "--no-summary", "--tb=no",
        "-c", os.devnull, f"--rootdir={selection.suite.folder()}", "-p", "no:cacheprovider",
        "-W", "ignore",
        "-p", "conformance.plugin", "--assert=plain", "-p", "no:hypothesispytest",
        "--continue-on-collection-errors",
        f"--conformance-suite={selection.suite.name}",
        f"--conformance-results={results.resolve()}",
        f"--conformance-every={selection.every}",
        f"--conformance-sample={sample}",
        f"--conformance-precision={selection.precision}",
        f"--conformance-target={selection.target}",
        f"--conformance-timeout={selection.timeout}",
        *([] if selection.most is None else [f"--conformance-most={selection.most}"]),
        *(["--conformance-judged"] if selection.judged else []),
    ]  # fmt: skip
