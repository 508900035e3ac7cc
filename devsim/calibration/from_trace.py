"""A profile's costs brought up to date by a measured trace: contention above all.

A span of ``D`` seconds, a share ``f`` of them beside the other lane, did ``D (1 - f + f / s)``
seconds of work when the neighbour slows it ``s`` times. The profile says how long the work takes
alone, up to a factor for each kind of activity; joined blocks save a fixed cost each. Factors,
slow-downs and fixed costs are fitted together, so what a trace cannot tell apart shows.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from devsim.calibration.identify import left_open
from devsim.calibration.parameters import (
    COMPUTE_CONTENTION,
    DISPATCH,
    LOAD_CONTENTION,
    LOAD_FIXED,
    MEANINGS,
    Parameter,
    Range,
)
from devsim.calibration.solver import Floats, Solution, covariance, solve
from devsim.calibration.spans import SpanCost, span_costs
from devsim.core.profile import Profile, Samples, Source, StageProfile, Variant
from devsim.core.trace import Trace
from devsim.core.units import NS_PER_S

TRACED = "trace"
"""The key of the source of every figure that a trace changed."""

_SPREAD = 0.05
"""How far a span is expected from its cost, if a run were no noisier than a profile."""
_FACTOR = 0.8, 1.25
_COLD_FACTOR = 0.1, 10.0
"""How far a run's costs may plausibly be from a profile's; its page cache may be warmer."""
_OUTLIER = 4.0
"""Robust deviations beyond which a span is a hiccup and says nothing of the costs."""
_ROUNDS = 3
_SURE = 1.96


class Change(NamedTuple):
    """A cost before and after, with the 95 % interval of the trace."""

    name: str
    before: float
    after: float
    low: float
    high: float

    @property
    def certain(self) -> bool:
        """Whether the interval excludes what the profile said before."""
        return not self.low <= self.before <= self.high


class TraceCalibration(NamedTuple):
    """What a trace says of a profile's costs."""

    changes: tuple[Change, ...]
    spans: int
    hiccups: int
    """Spans so far off that they were left out."""
    error_before: float
    """The median absolute error of the spans' durations with the costs as they were."""
    error_after: float
    left_open: tuple[str, ...]
    profile: Profile
    """The profile with every certain change made."""


def calibrate_from_trace(profile: Profile, trace: Trace) -> TraceCalibration:
    """Fit contention, factors of loads and computes, and what joining saves, to a trace.

    Raises:
        BadInputError: the trace is simulated, empty, or not of this profile's packages.
    """
    spans = span_costs(profile, trace)
    model = _Model(spans)
    observed = np.log([span.seconds for span in spans])
    solution, deviations = _robust(model, observed)
    spread = covariance(solution, deviations, model.parameters)
    changes = tuple(
        _change(profile, parameter, log, math.sqrt(variance))
        for parameter, log, variance in zip(
            model.parameters, solution.logs, np.diag(spread), strict=True
        )
    )
    before = model.predict(model.logs_of(profile))
    return TraceCalibration(
        changes=changes,
        spans=len(spans),
        hiccups=int(np.isinf(deviations).sum()),
        error_before=_median_error(before, observed),
        error_after=_median_error(solution.predicted, observed),
        left_open=left_open(solution.jacobian, deviations, model.parameters, spread),
        profile=_updated(profile, trace, [change for change in changes if change.certain]),
    )


class _Model:
    """Durations of spans from the parameters' logarithms."""

    def __init__(self, spans: Sequence[SpanCost]) -> None:
        self._alone = np.array([span.alone_s for span in spans])
        self._beside = np.array([span.beside_s / span.seconds for span in spans])
        self._joined = np.array([span.joined for span in spans])
        activities = [span.activity for span in spans]
        self._computes = np.array([name.startswith("compute") for name in activities], dtype=bool)
        self.parameters: list[Parameter] = []
        factors = sorted(set(activities))
        self._factor = np.array([factors.index(name) for name in activities], dtype=int)
        for name in factors:
            low, high = _COLD_FACTOR if name == "cold_load" else _FACTOR
            self._add(f"factor of {name}", f"how many times the profile's {name} takes", low, high)
        self._contention = [
            self._shared(LOAD_CONTENTION, ~self._computes & (self._beside > 0), 0.01, 2.0),
            self._shared(COMPUTE_CONTENTION, self._computes & (self._beside > 0), 0.01, 2.0),
        ]
        joined = self._joined > 0
        self._saved = [
            self._shared(LOAD_FIXED, ~self._computes & joined, 1e-5, 0.1),
            self._shared(DISPATCH, self._computes & joined, 1e-5, 0.02),
        ]

    def predict(self, logs: Floats) -> Floats:
        values = np.exp(np.append(logs, -np.inf))
        fixed = np.where(self._computes, values[self._saved[1]], values[self._saved[0]])
        slower = np.where(self._computes, values[self._contention[1]], values[self._contention[0]])
        work = values[self._factor] * self._alone - self._joined * fixed
        alone = np.maximum(work, 0.01 * self._alone)
        durations: Floats = np.log(alone) - np.log1p(-self._beside * slower / (1 + slower))
        return durations

    def logs_of(self, profile: Profile) -> Floats:
        """What the profile says of every parameter."""
        said = [max(1e-9, _before(profile, parameter.name)) for parameter in self.parameters]
        logs: Floats = np.log(said)
        return logs

    def _shared(self, name: str, seen_in: np.ndarray, low: float, high: float) -> int:
        """A parameter's number if any span depends on it; else that of one that is nothing."""
        return self._add(name, MEANINGS[name], low, high) if seen_in.any() else -1

    def _add(self, name: str, meaning: str, low: float, high: float) -> int:
        self.parameters.append(
            Parameter(name, meaning, Range(low=low, high=high, source="wide: any device"))
        )
        return len(self.parameters) - 1


def _robust(model: _Model, observed: Floats) -> tuple[Solution, Floats]:
    """Fit, leave out hiccups, and take the spans' own scatter as their deviation."""
    deviations = np.full(len(observed), _SPREAD)
    solution = solve(model.predict, observed, deviations, model.parameters)
    for _ in range(_ROUNDS):
        misfit = observed - solution.predicted
        scatter = 1.4826 * float(np.median(np.abs(misfit - np.median(misfit))))
        deviations = np.full(len(observed), max(scatter, 0.002))
        deviations[np.abs(misfit) > _OUTLIER * max(scatter, 0.002)] = np.inf
        solution = solve(model.predict, observed, deviations, model.parameters)
    return solution, deviations


def _median_error(predicted: Floats, observed: Floats) -> float:
    return float(np.median(np.abs(np.expm1(predicted - observed))))


def _before(profile: Profile, name: str) -> float:
    known = {
        LOAD_CONTENTION: profile.contention.load_slowdown - 1,
        COMPUTE_CONTENTION: profile.contention.compute_slowdown - 1,
        LOAD_FIXED: profile.load_fixed.median_ns / NS_PER_S,
        DISPATCH: profile.dispatch.median_ns / NS_PER_S,
    }
    return known.get(name, 1.0)


def _change(profile: Profile, parameter: Parameter, log: float, deviation: float) -> Change:
    return Change(
        name=parameter.name,
        before=_before(profile, parameter.name),
        after=math.exp(log),
        low=math.exp(log - _SURE * deviation),
        high=math.exp(log + _SURE * deviation),
    )


def _updated(profile: Profile, trace: Trace, changes: Sequence[Change]) -> Profile:
    if not changes:
        return profile
    after = {change.name: change.after for change in changes}
    text = f"a measured run of policy {trace.policy}, by devsim calibrate"
    old = profile.contention
    load = 1 + after.get(LOAD_CONTENTION, old.load_slowdown - 1)
    compute = 1 + after.get(COMPUTE_CONTENTION, old.compute_slowdown - 1)
    touched = LOAD_CONTENTION in after or COMPUTE_CONTENTION in after
    contention = {"load_slowdown": load, "compute_slowdown": compute, "source": TRACED}
    return profile.model_copy(
        update={
            "sources": {**profile.sources, TRACED: Source(provenance="measured", text=text)},
            "contention": old.model_copy(update=contention) if touched else old,
            "load_fixed": _fixed(profile.load_fixed, after.get(LOAD_FIXED)),
            "dispatch": _fixed(profile.dispatch, after.get(DISPATCH)),
            "stages": tuple(_stage(stage, after) for stage in profile.stages),
        }
    )


def _fixed(old: Samples, seconds: float | None) -> Samples:
    return old if seconds is None else Samples(ns=(round(seconds * NS_PER_S),), source=TRACED)


def _stage(stage: StageProfile, after: dict[str, float]) -> StageProfile:
    def scaled(samples: Samples, activity: str) -> Samples:
        factor = after.get(f"factor of {activity}")
        if factor is None:
            return samples
        return Samples(
            ns=tuple(round(ns * factor) for ns in samples.ns),
            warmup=samples.warmup,
            source=TRACED,
        )

    def updated(variant: Variant) -> Variant:
        return variant.model_copy(
            update={
                "cold_load": scaled(variant.cold_load, "cold_load"),
                "cached_load": scaled(variant.cached_load, "cached_load"),
                "compute": scaled(variant.compute, f"compute {stage.name}"),
            }
        )

    return stage.model_copy(
        update={
            "blocks": tuple(
                block.model_copy(
                    update={"variants": {n: updated(v) for n, v in block.variants.items()}}
                )
                for block in stage.blocks
            )
        }
    )
