"""What scripts read of runs and calibrations, worked out by hand from the samples."""

import pytest
from sample_facts import CALIBRATION, TRACE_CALIBRATION, profile
from samples import MB, PLAN, TRACE

import devsim
from devsim.report.calibration_json import calibration_as_json, trace_calibration_as_json
from devsim.report.plan_story import trace_of
from devsim.report.simulation_json import simulation_as_json


def test_a_simulation():
    # The encoder loads 30 + 30 ms, then computes its last 10; the denoiser has the remaining 360.
    assert simulation_as_json(trace_of(PLAN)) == {
        "workload": "made",
        "policy": "planned",
        "makespan_s": 0.43,
        "peak_bytes": 450 * MB,
        "budget_bytes": 450 * MB,
        "load_busy_s": 0.42,
        "compute_busy_s": 0.22,
        "stalls": {"prologue": 0.03, "load": 0.18},
        "stages": {
            "encoder": {
                "seconds": 0.07,
                "iterations": 1,
                "load_s": 0.06,
                "compute_s": 0.02,
                "stall_s": 0.05,
            },
            "denoiser": {
                "seconds": 0.36,
                "iterations": 5,
                "load_s": 0.36,
                "compute_s": 0.2,
                "stall_s": 0.16,
            },
        },
    }


def test_many_runs():
    """Drawn from one sample of everything: 30 + 10 + 15 + 5 ms, then twice 20 + 10 + 10 + 5."""
    result = devsim.simulate(
        profile=profile(), budget="1GB", policy="serial", sampling="draw", runs=3, seed=7
    )
    percentiles = ("p5", "p50", "p90", "p95", "p99")
    assert result.to_dict()["runs"] == {
        "count": 3,
        "first_seed": 7,
        "makespan_s": dict.fromkeys(percentiles, 0.15),
        "peak_bytes": dict.fromkeys(percentiles, (50 + 100 + 20) * MB),
    }


def test_a_replay():
    def stall(cause, start_s, took_s, before, load):
        return {
            "cause": cause,
            "start_s": start_s,
            "seconds": took_s,
            "before": before,
            "waited_for_load": load,
        }

    assert devsim.replay(TRACE).to_dict() == {
        "origin": "measured",
        "policy": "planned",
        "makespan_s": 0.1,
        "peak_bytes": 100 * MB,
        "budget_bytes": 100 * MB,
        "load_busy_s": 0.035,
        "compute_busy_s": 0.058,
        "stalls": {"prologue": 0.02, "load": 0.015, "memory": 0.005, "overhead": 0.002},
        "worst_stalls": [
            stall("prologue", 0.0, 0.02, "s/0/b0", "b0"),
            stall("load", 0.055, 0.015, "s/1/b1", "b1"),
            stall("memory", 0.05, 0.005, "s/1/b1", "b1"),
            stall("overhead", 0.095, 0.002, "s/2/b2", None),
        ],
    }


def test_a_calibration():
    found = calibration_as_json(CALIBRATION)
    assert found["parameters"]["load_bytes_per_s"] == {
        "value": 3e10,
        "low": 1e9,
        "high": 4e10,
        "plausible": [1e8, 2e10],
        "source": "made",
        "meaning": "made up",
    }
    first, second, third, fourth = found["observations"]
    assert first["error"] == pytest.approx(0.1)
    assert third == {
        "name": "third run",
        "observed_s": 5.0,
        "predicted_s": 10.0,
        "error": 1.0,
        "consistent": False,
        "contradicts": ["first run", "second run"],
        "source": "a forum",
    }
    # Of the two that agree, 10 % and 5 %.
    assert found["median_error"] == pytest.approx(0.075)
    assert [each["consistent"] for each in (first, second, fourth)] == [True, True, False]
    assert found["determined"] == 2
    assert found["cannot_tell_apart"] == list(CALIBRATION.left_open)
    assert found["resolutions"] == {"runs": "240p"}
    assert found["alternatives"] == [
        {"resolutions": {"runs": "240p"}, "cost_above_best": 0.0},
        {"resolutions": {"runs": "360p"}, "cost_above_best": 7.5},
    ]


def test_a_calibration_from_a_trace():
    """The interval of what joining saves holds what the profile said, which so stays."""
    assert trace_calibration_as_json(TRACE_CALIBRATION) == {
        "changes": {
            "load_contention": {
                "before": 0.2,
                "after": 0.5,
                "fitted": 0.5,
                "low": 0.4,
                "high": 0.6,
                "changed": True,
            },
            "dispatch_s": {
                "before": 0.001,
                "after": 0.001,
                "fitted": 0.0011,
                "low": 0.0009,
                "high": 0.0013,
                "changed": False,
            },
        },
        "spans": 120,
        "hiccups": 3,
        "median_error_before": 0.125,
        "median_error_after": 0.02,
        "cannot_tell_apart": [],
    }
