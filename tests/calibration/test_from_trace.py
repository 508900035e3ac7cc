"""Contention and factors that made a trace are read back from it."""

from dataclasses import replace

import pytest
from made import KNOWN, made_profile, simulated

from devsim.calibration.device_model import with_costs
from devsim.calibration.from_trace import calibrate_from_trace
from devsim.core.errors import BadInputError
from devsim.core.profile import Contention
from devsim.core.trace import Kind


def measured(**other):
    """A run of the known device, as if it had been measured."""
    return replace(simulated(made_profile(), {**KNOWN, **other}, ci=True), origin="measured")


def profile_before(**other):
    """A profile of the known device that knows nothing of contention, or less than that."""
    priced = with_costs(made_profile(), {**KNOWN, **other})
    free = Contention(load_slowdown=1, compute_slowdown=1, source="made")
    return priced.model_copy(update={"contention": free})


def test_contention_is_read_from_a_trace():
    found = calibrate_from_trace(profile_before(), measured())
    changes = {change.name: change for change in found.changes}
    for name in ("load_contention", "compute_contention"):
        change = changes[name]
        assert change.certain
        assert change.before == 0
        assert change.low <= KNOWN[name] <= change.high
    assert found.profile.contention.load_slowdown == pytest.approx(1.3, rel=0.1)
    assert found.profile.contention.compute_slowdown == pytest.approx(1.15, rel=0.1)
    assert found.profile.sources[found.profile.contention.source].provenance == "measured"
    assert found.error_after < 0.001  # rounding to nanoseconds and parts per million


def test_a_slower_lane_is_told_from_contention():
    """Computes a tenth slower than the profile says, and no compute beside a load any slower."""
    slow = {"gpu_linear_per_s": 0.9 * KNOWN["gpu_linear_per_s"]}
    slow["gpu_attention_per_s"] = 0.9 * KNOWN["gpu_attention_per_s"]
    slow["dispatch_s"] = KNOWN["dispatch_s"] / 0.9
    found = calibrate_from_trace(profile_before(), measured(compute_contention=1e-9, **slow))
    factor = next(each for each in found.changes if each.name == "factor of compute stdit")
    assert factor.certain
    assert factor.low <= 1 / 0.9 <= factor.high
    before = profile_before().stages[0].blocks[1].variants["fp32"].compute.median_ns
    after = found.profile.stages[0].blocks[1].variants["fp32"].compute.median_ns
    assert after / before == pytest.approx(factor.after, rel=1e-6)


def test_hiccups_are_left_out():
    trace = measured()
    loads = [n for n, span in enumerate(trace.spans) if span.kind is Kind.LOAD and not span.cold]
    spans = list(trace.spans)
    spans[loads[7]] = spans[loads[7]]._replace(end_ns=spans[loads[7]].end_ns + 10**10)
    found = calibrate_from_trace(profile_before(), replace(trace, spans=tuple(spans)))
    assert found.hiccups >= 1
    change = next(each for each in found.changes if each.name == "load_contention")
    assert change.low <= KNOWN["load_contention"] <= change.high


def test_an_exact_profile_is_left_alone():
    profile = with_costs(made_profile(), KNOWN)
    found = calibrate_from_trace(profile, measured())
    assert found.profile.stages == profile.stages
    assert found.error_before < 0.001  # rounding to nanoseconds and parts per million


def test_a_simulated_trace_is_refused():
    with pytest.raises(BadInputError, match="the trace is simulated"):
        calibrate_from_trace(profile_before(), simulated(made_profile(), KNOWN, ci=True))


def test_a_trace_of_other_packages_is_refused():
    profile = profile_before()
    stage = profile.stages[0].model_copy(update={"name": "other"})
    with pytest.raises(BadInputError, match="which the profile of made does not have"):
        calibrate_from_trace(profile.model_copy(update={"stages": (stage,)}), measured())
