"""Parameters that are known come back; contradictions and ambiguities are named."""

import math

import pytest
from made import KNOWN, SIZES, made_profile, observed_run, totals_of

from devsim.calibration.calibration import calibrate, calibrated_profile
from devsim.calibration.device_model import with_costs
from devsim.calibration.parameters import Range
from devsim.calibration.totals import Observed
from devsim.core.errors import BadInputError


def about(values, factor=4.0, **tight):
    """Ranges that hold the known values, off their middle; some narrower than others."""
    spans = {name: tight.get(name, factor) for name in values}
    return {
        name: Range(low=value * 0.8 / spans[name], high=value * 0.8 * spans[name], source="made")
        for name, value in values.items()
    }


def subset(profile, number):
    """The same device running only some of the packages: runs that differ in what they load."""
    stage = profile.stages[0]
    return stage.model_copy(update={"blocks": stage.blocks[number:], "name": f"only{number}"})


def many_stages():
    """A profile whose runs can each be of other packages, so that everything is identified."""
    profile = made_profile()
    stages = (profile.stages[0], *(subset(profile, number) for number in range(1, 6)))
    return profile.model_copy(update={"stages": stages})


def runs_of(profile, values):
    runs = []
    for stage in profile.stages:
        alone = profile.model_copy(update={"stages": (stage,)})
        for ci in (False, True):
            run = observed_run(alone, values, ci=ci, label=f"{stage.name} {ci}")
            runs.append(run.model_copy(update={"stages": (stage.name,)}))
    return runs


def test_known_parameters_come_back_within_their_intervals():
    profile = many_stages()
    found = calibrate(profile, totals_of(*runs_of(profile, KNOWN), ranges=about(KNOWN)))
    assert all(check.kept for check in found.checks)
    for each in found.estimates:
        assert each.low <= KNOWN[each.parameter.name] <= each.high, each.parameter.name
    known_well = {e.parameter.name for e in found.estimates if e.high / e.low < 1.5}
    assert {"load_bytes_per_s", "cold_bytes_per_s", "gpu_linear_per_s"} <= known_well
    assert found.median_error < 0.002


def test_a_fitted_profile_simulates_as_was_observed():
    profile = made_profile()
    runs = [observed_run(profile, KNOWN, ci=ci, label=str(ci)) for ci in (False, True)]
    found = calibrate(profile, totals_of(*runs, ranges=about(KNOWN)))
    fitted = calibrated_profile(profile, found, "made totals")
    assert {each.name for each in fitted.fitted} == set(KNOWN)
    assert fitted.sources["calibrated"].provenance == "modelled"
    again = observed_run(fitted, found.values, ci=True, label="again")
    for now, then in zip(again.figures, runs[1].figures, strict=True):
        assert now.seconds == pytest.approx(then.seconds, rel=0.01)  # the stated spread


def test_a_planted_contradiction_is_set_aside_and_named():
    profile = made_profile()
    run = observed_run(profile, KNOWN, ci=False, label="serial")
    wrong = next(figure for figure in run.figures if figure.quantity == "whole")
    planted = Observed(
        name="planted",
        quantity="whole",
        seconds=1.4 * wrong.seconds,
        spread=0.01,
        source="made up",
    )
    run = run.model_copy(update={"figures": (*run.figures, planted)})
    found = calibrate(profile, totals_of(run, ranges=about(KNOWN)))
    aside = [check for check in found.checks if not check.kept]
    assert [check.name for check in aside] == ["planted"]
    assert "serial whole" in aside[0].contradicts
    assert aside[0].error == pytest.approx(1 / 1.4 - 1, abs=0.02)  # twice the stated spread


def test_a_planted_ambiguity_is_named():
    # every package is as large: a fixed cost a load and a slower rate look alike
    profile = made_profile(sizes=(500,) * 6)
    values = {**KNOWN, "load_fixed_s": 0.3}
    ranges = about(values, gpu_linear_per_s=1.3, gpu_attention_per_s=1.3)
    run = observed_run(profile, values, ci=False, label="serial")
    found = calibrate(profile, totals_of(run, ranges=ranges))
    pairs = [line for line in found.left_open if line.startswith("load_fixed_s and ")]
    assert pairs == [
        "load_fixed_s and load_bytes_per_s: more or less of both explains the observations as well"
    ]


def test_what_no_run_shows_is_named():
    profile = made_profile()
    found = calibrate(
        profile, totals_of(observed_run(profile, KNOWN, ci=False, label="s"), ranges=about(KNOWN))
    )
    for name in ("load_contention", "compute_contention"):
        assert any(line.startswith(f"{name}: hardly anything") for line in found.left_open)


def test_the_likelier_resolution_is_found():
    profile = made_profile()
    values = dict(KNOWN)
    run = observed_run(profile, values, ci=False, label="at 64x64")
    ranges = {
        name: Range(low=value / 1.05, high=value * 1.05, source="made")
        for name, value in values.items()
    }
    totals = totals_of(run, ranges=ranges).model_copy(
        update={"frames": "14", "resolutions": {"all": ("128x128", "64x64")}}
    )
    found = calibrate(profile, totals)
    assert found.resolutions == {"all": "64x64"}
    assert len(found.alternatives) == 2
    assert found.alternatives[1][1] > 9


def test_measured_packages_are_observations():
    priced = with_costs(made_profile(), KNOWN)
    sources = {
        key: source.model_copy(update={"provenance": "measured"})
        for key, source in (
            ("made", priced.sources["made"]),
            ("calibrated", priced.sources["made"]),
        )
    }
    found = calibrate(priced.model_copy(update={"sources": sources}))
    names = {each.parameter.name for each in found.estimates}
    assert "load_contention" not in names  # packages alone say nothing of it
    for each in found.estimates:
        assert each.low <= KNOWN[each.parameter.name] <= each.high, each.parameter.name


def test_only_computes_may_be_measured():
    priced = with_costs(made_profile(), KNOWN)
    computes = priced.sources["made"].model_copy(update={"provenance": "measured"})
    stage = priced.stages[0]
    loads = {"cold_load": stage.blocks[0].variants["fp32"].unload}
    loads["cached_load"] = loads["cold_load"]
    blocks = tuple(
        block.model_copy(
            update={"variants": {"fp32": block.variants["fp32"].model_copy(update=loads)}}
        )
        for block in stage.blocks
    )
    only = priced.model_copy(
        update={
            "sources": {**priced.sources, "calibrated": computes},
            "stages": (stage.model_copy(update={"blocks": blocks}),),
        }
    )
    found = calibrate(only)
    assert {each.parameter.name for each in found.estimates} == {
        "dispatch_s",
        "gpu_linear_per_s",
        "gpu_attention_per_s",
    }
    for each in found.estimates:
        assert each.low <= KNOWN[each.parameter.name] <= each.high, each.parameter.name


def test_nothing_to_fit_to_is_refused():
    with pytest.raises(BadInputError, match="give --totals"):
        calibrate(made_profile())


def test_a_range_of_an_unknown_parameter_is_refused():
    run = observed_run(made_profile(), KNOWN, ci=False, label="serial")
    with pytest.raises(BadInputError, match="no parameter 'warp_speed'"):
        calibrate(
            made_profile(), totals_of(run, ranges={"warp_speed": Range(low=1, high=2, source="x")})
        )


def test_the_known_device_is_as_the_formulas_say():
    priced = with_costs(made_profile(), KNOWN).stages[0].blocks[1].variants["fp32"]
    # 900 MB: 0.02 + 900 / 1500 = 0.62 s cached, and 900 / 400 = 2.25 s more when cold
    assert priced.cached_load.ns == (620_000_000,)
    assert priced.cold_load.ns == (2_870_000_000,)
    # 0.003 + 400,000 / 600,000  + 10,000 / 200,000 = 0.719667 s
    assert math.isclose(priced.compute.ns[0], 719_666_667)
    assert SIZES[1] == 900
