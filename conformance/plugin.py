"""The pytest plugin: routes the suite's comparisons to the reference runtime and records them.

Off macOS the suite converts every model and compares nothing. The plugin takes the guards away,
from outside: the wheel is not edited.
"""

import faulthandler
import gc
import platform
import signal
import zlib
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from types import FrameType

import coremltools.converters.mil.testing_utils as suite_utils
import coremltools.models.utils as model_utils
import numpy as np
import pytest
import torch
from coremltools.models import MLModel

from conformance import frontend, naming, records, sampling
from conformance.bridge import make_state, predictor
from conformance.comparison import Case, observed
from conformance.reach import judged
from conformance.records import Outcome, Record
from conformance.suite import FRONTEND
from devsim.core.errors import UnsupportedOperationError

_MACOS = (26, 0)
"""The system the suite is told of, so that skips for bugs of earlier ones do not apply."""


class CaseTimeoutError(Exception):
    """A case ran longer than it may."""


class Conformance:
    """One run of pytest: picks the cases, and records what becomes of each."""

    def __init__(self, config: pytest.Config) -> None:
        self._results = Path(config.getoption("--conformance-results"))
        self._running = self._results.with_suffix(".running")
        self._every: int = config.getoption("--conformance-every")
        sample = config.getoption("--conformance-sample")
        self._sample = Path(sample) if sample else None
        self._most: int | None = config.getoption("--conformance-most")
        self._precision: str = config.getoption("--conformance-precision")
        self._timeout: int = config.getoption("--conformance-timeout")
        self._names: dict[str, str] = {}
        self._case = Case()
        self._unsupported = ""
        self._answer_for_coreml()
        compare = suite_utils.compare_backend
        if config.getoption("--conformance-judged"):
            compare = judged(compare, self._current)
        suite_utils.compare_backend = observed(compare, self._current)
        if config.getoption("--conformance-suite") == FRONTEND.name:
            frontend.prepare(self._current, config.getoption("--conformance-target"))

    def _answer_for_coreml(self) -> None:
        suite_utils._IS_MACOS = True
        model_utils._macos_version = lambda: _MACOS
        platform.machine = lambda: "arm64"
        MLModel.predict = predictor(self._current)
        MLModel.make_state = make_state

    def _current(self) -> Case:
        return self._case

    def pytest_collectstart(self, collector: pytest.Collector) -> None:
        """Cases whose parameters are drawn at random are the same in every run."""
        if isinstance(collector, pytest.Module):
            _seed(collector.path.name)

    @pytest.hookimpl(tryfirst=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Many tests hold their cases in an iterator, which only the first to collect them gets."""
        for mark in metafunc.definition.iter_markers("parametrize"):
            object.__setattr__(mark, "args", tuple(map(_kept, mark.args)))
            object.__setattr__(
                mark, "kwargs", {name: _kept(value) for name, value in mark.kwargs.items()}
            )

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Number the cases, and leave those that have run or are not in the sample."""
        counts: Counter[str] = Counter()
        for item in items:
            function = item.nodeid.partition("[")[0]
            self._names[item.nodeid] = f"{function}#{counts[function]}"
            counts[function] += 1
        done = {record.case for record in records.read(self._results)}
        names = [self._names[item.nodeid] for item in items if self._asked(item)]
        left = set(sampling.chosen(names, self._every, self._sample, self._most)) - done
        items[:] = [item for item in items if self._names[item.nodeid] in left]

    def _asked(self, item: pytest.Item) -> bool:
        return not self._precision or naming.precision(item) == self._precision

    def pytest_collection_finish(self) -> None:
        """Every conversion collects garbage, which would walk all that is imported by now."""
        gc.freeze()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Give every case its own seed and its own clock."""
        self._case, self._unsupported = Case(), ""
        name = self._names[item.nodeid]
        self._running.write_text(name)
        _seed(name)
        signal.signal(signal.SIGALRM, _expired)
        signal.alarm(self._timeout)
        # Where native code holds the interpreter no signal arrives.
        faulthandler.dump_traceback_later(2 * self._timeout, exit=True)
        try:
            return (yield)
        finally:
            signal.alarm(0)
            faulthandler.cancel_dump_traceback_later()
            self._running.unlink()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Record a case when its body has ended, or could not begin."""
        report = yield
        if report.when == "call" or (report.when == "setup" and not report.passed):
            records.append(self._results, self._record(item, call, report))
        return report

    def _record(
        self, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport
    ) -> Record:
        outcome = _outcome(self._case, call, report)
        raised = call.excinfo.value if call.excinfo is not None else None
        return Record(
            case=self._names[item.nodeid],
            operation=naming.operation(item, self._case.operations),
            precision=naming.precision(item, self._case.half),
            outcome=outcome,
            strict=self._strict(outcome, raised),
            reason="" if call.excinfo is None else naming.reason(call.excinfo),
            reach=self._case.reach,
        )

    def _strict(self, outcome: Outcome, raised: BaseException | None) -> bool:
        """A case outside the suite's absolute tolerance may be within the output's scale."""
        wrong_values = outcome is Outcome.FAILED and naming.is_mismatch(raised)
        return (outcome is Outcome.PASSED or wrong_values) and self._case.strict


def _outcome(case: Case, call: pytest.CallInfo[None], report: pytest.TestReport) -> Outcome:
    if not case.predicted or report.skipped:
        return Outcome.UNCOMPARED
    if call.excinfo is not None and call.excinfo.errisinstance(UnsupportedOperationError):
        return Outcome.UNSUPPORTED
    # What the case then asserts of the program is the converter's.
    asserted = call.excinfo is not None and call.excinfo.errisinstance(AssertionError)
    return Outcome.PASSED if report.passed or (asserted and case.held) else Outcome.FAILED


def _kept(value: object) -> object:
    return list(value) if isinstance(value, Iterator) else value


def _seed(name: str) -> None:
    seed = zlib.crc32(name.encode())
    np.random.seed(seed)
    torch.manual_seed(seed)


def _expired(signum: int, frame: FrameType | None) -> None:
    raise CaseTimeoutError("the case ran longer than it may")


def pytest_addoption(parser: pytest.Parser) -> None:
    """What the runner tells the plugin."""
    group = parser.getgroup("conformance")
    group.addoption("--conformance-suite", default="")
    group.addoption("--conformance-results", required=True)
    group.addoption("--conformance-every", type=int, default=1)
    group.addoption("--conformance-sample", default="")
    group.addoption("--conformance-most", type=int, default=None)
    group.addoption("--conformance-precision", default="")
    group.addoption("--conformance-judged", action="store_true")
    group.addoption("--conformance-target", default="")
    group.addoption("--conformance-timeout", type=int, default=60)


def pytest_configure(config: pytest.Config) -> None:
    """Take the guards away before any file of the suite is imported."""
    torch.set_num_threads(1)
    config.pluginmanager.register(Conformance(config))
