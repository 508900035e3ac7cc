"""What each renderer prints, at 80 columns."""

import inspect
from fractions import Fraction
from importlib import import_module
from pkgutil import iter_modules

import pytest
from sample_facts import (
    CALIBRATION,
    DEVICE,
    MANIFEST,
    RUNS,
    SPLIT,
    TRACE_CALIBRATION,
    WORKLOAD,
    profile,
)
from samples import COMPARISON, PLAN, POINTS, ROBUST, SENSITIVITIES, TRACE, chunk
from snapshot import assert_prints, printed
from strategies import make_stage

from devsim import report
from devsim.core.plan import Residency
from devsim.report.calibration_view import show_calibration, show_trace_calibration
from devsim.report.comparison_view import show_comparison
from devsim.report.conversion_view import show_packages
from devsim.report.device_view import show_device
from devsim.report.frontier_view import show_frontier
from devsim.report.plan_story import trace_of
from devsim.report.plan_view import chunk_marks, show_baselines, show_plan, show_reasons
from devsim.report.profile_view import show_profile
from devsim.report.sensitivity_view import show_sensitivity
from devsim.report.simulation_view import show_runs, show_stages
from devsim.report.split_view import show_split
from devsim.report.trace_view import show_trace
from devsim.report.workload_view import show_workload
from devsim.simulation.predict import by_stage

REASONS = ["One stage is cut. " * 6, "Another is not."]
REPORTS = [
    ("baselines", show_baselines, [ROBUST]),
    ("calibration", show_calibration, [CALIBRATION]),
    ("calibration-from-trace", show_trace_calibration, [TRACE_CALIBRATION]),
    ("comparison", show_comparison, [COMPARISON, Fraction(5, 100)]),
    ("device", show_device, [DEVICE]),
    ("frontier", show_frontier, [POINTS]),
    ("packages", show_packages, [MANIFEST]),
    ("plan", show_plan, [PLAN]),
    ("plan-robust", show_plan, [ROBUST]),
    ("profile", show_profile, [profile()]),
    ("reasons", show_reasons, [REASONS]),
    ("runs", show_runs, [RUNS]),
    ("sensitivity", show_sensitivity, [SENSITIVITIES, PLAN.prediction.makespan_ns]),
    ("split", show_split, [SPLIT]),
    ("stages", show_stages, [by_stage(trace_of(PLAN))]),
    ("trace", show_trace, [TRACE]),
    ("workload", show_workload, ["made", "full", WORKLOAD]),
]
TESTED_ELSEWHERE = {"run_view", "validation_view"}


@pytest.mark.parametrize(("name", "show", "what"), REPORTS)
def test_a_report_is_printed_as_it_was(name, show, what):
    assert_prints(name, show, *what)


def test_every_renderer_is_among_them():
    names = {found.name for found in iter_modules(report.__path__)} - TESTED_ELSEWHERE
    renderers = {
        name
        for module in (import_module(f"devsim.report.{name}") for name in names)
        for name, each in inspect.getmembers(module, inspect.isfunction)
        if name.startswith("show_") and each.__module__ == module.__name__
    }
    assert renderers == {show.__name__ for _, show, _ in REPORTS}


def test_a_stage_of_many_blocks_has_a_mark_for_each_chunk():
    def marks(chunks, blocks):
        made = [chunk(*(f"b{n}_{m}" for m in range(blocks)), size=1) for n in range(chunks)]
        return chunk_marks(make_stage(*made), Residency(resident=(1,), window=1))

    assert marks(3, 2) == "··|■■|··"
    assert marks(30, 2) == "·■" + "·" * 28
    assert marks(120, 1) == "·■" + "·" * 98 + "…"


def test_of_many_blocks_and_observations_the_first_and_the_worst_are_printed():
    (before, last), (cut,) = SPLIT.blocks, SPLIT.cuts
    long = SPLIT.model_copy(update={"blocks": (before,) * 22 + (last,), "cuts": (cut,) * 22})
    lines = printed(show_split, long).splitlines()
    assert sum(line.startswith("b0 ") for line in lines) == 20
    assert "and 3 more; --json lists them" in lines

    checks = tuple(
        CALIBRATION.checks[0]._replace(name=f"run {number}", predicted_s=10 + number / 10)
        for number in range(30)
    )
    lines = printed(show_calibration, CALIBRATION._replace(checks=checks)).splitlines()
    shown = [int(line.split()[1]) for line in lines if line.startswith("run ")]
    assert shown == list(range(6, 30))
    assert "and 6 with smaller errors: see --json" in lines
