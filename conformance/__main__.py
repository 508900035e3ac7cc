"""Command line: ``python -m conformance`` and a verb; ``--help`` lists them."""

import argparse
import sys
import tempfile
from pathlib import Path

from conformance import document, frontend, reachable, records, runner, sampling, summary
from conformance.records import Outcome
from conformance.runner import Selection, run
from conformance.suite import FRONTEND, OPERATIONS
from devsim.core.errors import DevsimError

FOLDER = Path(__file__).parent
_RECORDS = Path("conformance-results.jsonl")
_JUDGED = Path("conformance-results.reachable.jsonl")


def main() -> int:
    """Do what the arguments say; 0 when every case that was compared passed."""
    arguments = _arguments()
    try:
        return int(arguments.verb(arguments))
    except DevsimError as error:
        print(error, file=sys.stderr)
        return error.exit_status


def _run(arguments: argparse.Namespace) -> int:
    if arguments.retry:
        _keep_passed(arguments.results)
    selection = Selection(
        only=tuple(arguments.only), every=arguments.every, timeout=arguments.timeout
    )
    run(selection, arguments.results, _progress)
    return _report(arguments)


def _frontend(arguments: argparse.Namespace) -> int:
    """Like ``_run``, of coremltools' torch front-end tests."""
    suffix = f"-{arguments.target}" if arguments.target else ""
    path = arguments.results or Path(f"conformance-frontend{suffix}.jsonl")
    if arguments.retry:
        _keep_passed(path)
    selection = Selection(
        FRONTEND,
        only=tuple(arguments.only),
        most=arguments.sample,
        target=arguments.target,
        timeout=arguments.timeout,
    )
    results = run(selection, path, _progress)
    total = summary.counts(results)
    print(summary.totals(results))
    for record in filter(lambda record: record.reached and record.reason, results):
        print(f"{record.outcome}: {record.case} ({record.precision}): {record.reason}")
    if arguments.commit:
        summary.write(results, runner.total(FRONTEND), document.frontend_file(arguments.target))
    return 0 if total.passed == total.compared else 1


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _keep_passed(path: Path) -> None:
    kept = [record for record in records.read(path) if record.outcome is not Outcome.FAILED]
    kept = [record for record in kept if record.outcome is not Outcome.UNSUPPORTED]
    path.unlink(missing_ok=True)
    for record in kept:
        records.append(path, record)


def _report(arguments: argparse.Namespace) -> int:
    results = records.read(arguments.results)
    print(summary.table(results))
    total = summary.counts(results)
    return 0 if total.passed == total.compared else 1


def _commit(arguments: argparse.Namespace) -> int:
    results = records.read(arguments.results)
    summary.write(results, runner.total(OPERATIONS), document.RESULTS)
    sample = "\n".join(sampling.spread(results))
    (FOLDER / "sample.txt").write_text(sample + "\n", encoding="utf-8")
    return 0


def _reachable(arguments: argparse.Namespace) -> int:
    """Every fp32 case of the tests with a miss: those that pass are the controls."""
    with tempfile.TemporaryDirectory() as folder:
        sample = Path(folder) / "tests.txt"
        sample.write_text("\n".join(reachable.tests(document.RESULTS)), encoding="utf-8")
        judged = run(
            Selection(sample=sample, precision="fp32", judged=True), arguments.results, _progress
        )
    reachable.write(judged, document.REACHABLE)
    print(reachable.table(judged))
    print(document.rates())
    could = [r for r in reachable.missed(judged) if r.reach not in records.UNREACHABLE]
    return 1 if could else 0


def _document(arguments: argparse.Namespace) -> int:
    arguments.page.write_text(
        document.renewed(arguments.page.read_text(encoding="utf-8")), encoding="utf-8"
    )
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m conformance", description=__doc__)
    verbs = parser.add_subparsers(required=True)
    running = verbs.add_parser("run", help="run the cases that have no result yet")
    running.set_defaults(verb=_run)
    running.add_argument("--only", action="append", default=[], metavar="TEXT", help="of a path")
    running.add_argument("--every", type=int, default=1, help="one case in so many")
    running.add_argument("--retry", action="store_true", help="again what did not pass")
    running.add_argument("--timeout", type=int, default=60, help="seconds for a case")
    converting = verbs.add_parser("frontend", help="run the torch front-end tests")
    converting.set_defaults(verb=_frontend)
    converting.add_argument("--only", action="append", default=[], metavar="TEXT", help="of a path")
    converting.add_argument("--sample", type=int, metavar="N", help="so many cases in all")
    converting.add_argument(
        "--target", default="", choices=frontend.TARGETS, help="where a test does not choose one"
    )
    converting.add_argument("--retry", action="store_true", help="again what did not pass")
    converting.add_argument("--timeout", type=int, default=60, help="seconds for a case")
    converting.add_argument("--commit", action="store_true", help="write the counts of the page")
    converting.add_argument("--results", type=Path, metavar="FILE")
    reporting = verbs.add_parser("report", help="the counts of what has run")
    reporting.set_defaults(verb=_report)
    committing = verbs.add_parser("commit", help="write results.json and sample.txt")
    committing.set_defaults(verb=_commit)
    reaching = verbs.add_parser("reachable", help="which misses any runtime could pass")
    reaching.set_defaults(verb=_reachable)
    reaching.add_argument("--results", type=Path, default=_JUDGED, metavar="FILE")
    for verb in (running, reporting, committing):
        verb.add_argument("--results", type=Path, default=_RECORDS, metavar="FILE")
    documenting = verbs.add_parser("document", help="renew the tables of the page")
    documenting.set_defaults(verb=_document)
    documenting.add_argument("--page", type=Path, default=FOLDER.parent / "docs/operations.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
