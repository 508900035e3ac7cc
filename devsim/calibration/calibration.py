"""The calibration: parameters of a device from profiles and observed totals."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from devsim.calibration.consistency import Consistent, consistent_fit, contradictions
from devsim.calibration.device_model import CALIBRATED, with_costs
from devsim.calibration.forward import predict as predict_run
from devsim.calibration.identify import determined, left_open
from devsim.calibration.packages import PackageFigure, measured_figures
from devsim.calibration.parameters import Parameter, parameters_of
from devsim.calibration.solver import Floats, covariance
from devsim.calibration.totals import Observed, ObservedRun, Totals
from devsim.core.errors import BadInputError
from devsim.core.profile import Fitted, Profile, Source
from devsim.core.scaling import profile_at
from devsim.core.video import parse_video

_INTERVAL = 1.96
"""Standard deviations either side that hold 95 % of a normal distribution."""


class Estimate(NamedTuple):
    """A fitted parameter with its 95 % interval."""

    parameter: Parameter
    value: float
    low: float
    high: float

    @property
    def plausible(self) -> bool:
        """Whether the value lies in its plausible range."""
        return self.parameter.range.low <= self.value <= self.parameter.range.high


class Check(NamedTuple):
    """One observation beside what the fitted device does."""

    name: str
    source: str
    observed_s: float
    predicted_s: float
    kept: bool
    """Whether the parameters were fitted to it; if not, it contradicts the others."""
    contradicts: tuple[str, ...]
    """Names of observations that could not hold if this one did."""

    @property
    def error(self) -> float:
        """The prediction's signed error as a fraction of the observation."""
        return self.predicted_s / self.observed_s - 1


class Calibration(NamedTuple):
    """What a calibration found."""

    estimates: tuple[Estimate, ...]
    checks: tuple[Check, ...]
    determined: int
    """Combinations of parameters that the observations know better than plausible ranges do."""
    left_open: tuple[str, ...]
    resolutions: dict[str, str]
    """By group of runs, the resolution that explains them best."""
    alternatives: tuple[tuple[dict[str, str], float], ...]
    """Every assignment of resolutions with its cost above the best, rising."""

    @property
    def values(self) -> dict[str, float]:
        """The parameters by name."""
        return {each.parameter.name: each.value for each in self.estimates}

    @property
    def median_error(self) -> float:
        """The median absolute error over the observations that are mutually consistent."""
        errors = [abs(check.error) for check in self.checks if check.kept]
        return float(np.median(errors)) if errors else 0.0


class _Figure(NamedTuple):
    """A figure of a run, ready to predict."""

    run: ObservedRun
    figure: Observed


def calibrate(
    profile: Profile,
    totals: Totals | None = None,
    others: Sequence[Profile] = (),
    on_fit: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> Calibration:
    """Fit a device's parameters to a profile's measured figures and to observed totals.

    Args:
        profile: whose packages the runs use; its measured figures are observations too.
        totals: observed runs.
        others: profiles of the same device at other shapes, observations as well.
        on_fit: called before every fit with how many are done, how many there are, and which.

    Raises:
        BadInputError: there is nothing to fit to, or a run cannot be predicted.
    """
    packages = [figure for each in (profile, *others) for figure in measured_figures(each)]
    figures = [_Figure(run, figure) for run in _runs(totals) for figure in run.figures]
    if not packages and not figures:
        raise BadInputError(
            "the profile has no measured figure whose work is known, and there are no totals",
            "give --totals, or a profile that devsim profile made",
        )
    known = None if totals else _of_packages(packages)
    parameters = parameters_of((profile, *others), totals.parameters if totals else {}, known)
    assignments = list(_assignments(totals))
    fits = []
    for number, sizes in enumerate(assignments):
        on_fit(number, len(assignments), " ".join(sizes.values()))
        fits.append(_Assigned(profile, totals, packages, figures, parameters, sizes).fit())
    fits.sort(key=lambda each: each.cost)
    return fits[0].calibration(
        tuple((each.assigned.sizes, each.cost - fits[0].cost) for each in fits)
    )


def calibrated_profile(profile: Profile, found: Calibration, title: str) -> Profile:
    """The profile with the fitted costs wherever nothing was measured, and the parameters."""
    text = f"fitted by devsim calibrate to {title}"
    sourced = profile.model_copy(
        update={
            "sources": {
                **profile.sources,
                CALIBRATED: Source(provenance="modelled", text=text),
            },
            "fitted": tuple(
                Fitted(
                    name=each.parameter.name,
                    value=each.value,
                    low=each.low,
                    high=each.high,
                    source=CALIBRATED,
                )
                for each in found.estimates
            ),
        }
    )
    values = found.values
    return with_costs(sourced, values) if _complete(values) else sourced


def _complete(values: Mapping[str, float]) -> bool:
    return {"load_contention", "compute_contention"} <= set(values)


def _runs(totals: Totals | None) -> tuple[ObservedRun, ...]:
    return totals.runs if totals else ()


def _of_packages(packages: Sequence[PackageFigure]) -> set[str]:
    """Packages run alone say nothing of contention."""
    return {name for figure in packages for name in figure.depends_on}


def _assignments(totals: Totals | None) -> Iterator[dict[str, str]]:
    """Every way to give each group one of the resolutions it may have been at."""
    choices = totals.resolutions if totals else {}
    for chosen in itertools.product(*choices.values()):
        yield dict(zip(choices, chosen, strict=True))


class _Assigned:
    """Observations, with every group of runs at one resolution."""

    def __init__(
        self,
        profile: Profile,
        totals: Totals | None,
        packages: Sequence[PackageFigure],
        figures: Sequence[_Figure],
        parameters: Sequence[Parameter],
        sizes: dict[str, str],
    ) -> None:
        self.parameters = parameters
        self.sizes = sizes
        self.packages = packages
        self.figures = figures
        self._budget_bytes = totals.budget_bytes if totals else 0
        self._at = {
            group: profile_at(profile, parse_video(size, frames=totals.frames if totals else "68"))
            for group, size in sizes.items()
        }
        self._profile = profile
        self.observed = np.log(
            [each.seconds for each in packages] + [each.figure.seconds for each in figures]
        )
        self.deviations = np.array(
            [each.spread for each in packages] + [each.figure.spread for each in figures]
        )

    def fit(self) -> "_Fit":
        fit = consistent_fit(self.predict, self.observed, self.deviations, self.parameters)
        return _Fit(self, fit)

    def predict(self, logs: Floats) -> Floats:
        values = {
            parameter.name: math.exp(log)
            for parameter, log in zip(self.parameters, logs, strict=True)
        }
        alone = [figure.predict(values) for figure in self.packages]
        runs = {
            id(run): predict_run(
                self._at.get(run.group, self._profile), run, self._budget_bytes, values
            )
            for run in {id(each.run): each.run for each in self.figures}.values()
        }
        return np.log(alone + [runs[id(each.run)][each.figure.quantity] for each in self.figures])

    @property
    def names(self) -> list[str]:
        return [each.name for each in self.packages] + [each.figure.name for each in self.figures]

    @property
    def sources(self) -> list[str]:
        return ["measured"] * len(self.packages) + [each.figure.source for each in self.figures]


class _Fit(NamedTuple):
    assigned: _Assigned
    fit: Consistent

    @property
    def cost(self) -> float:
        return self.fit.cost

    def calibration(self, alternatives: tuple[tuple[dict[str, str], float], ...]) -> Calibration:
        at, fit = self.assigned, self.fit
        deviations = at.deviations.copy()
        deviations[list(fit.aside)] = np.inf
        scatter = self._scatter(deviations)
        spread = covariance(fit.solution, deviations * scatter, at.parameters)
        return Calibration(
            estimates=tuple(
                _estimate(parameter, log, math.sqrt(variance))
                for parameter, log, variance in zip(
                    at.parameters, fit.solution.logs, np.diag(spread), strict=True
                )
            ),
            checks=tuple(self._checks()),
            determined=determined(fit.solution.jacobian, deviations, at.parameters),
            left_open=left_open(fit.solution.jacobian, deviations, at.parameters, spread),
            resolutions=at.sizes,
            alternatives=alternatives,
        )

    def _scatter(self, deviations: Floats) -> float:
        """How much wider the misfits are than the deviations that were stated; at least 1."""
        solution = self.fit.solution
        misfit = (self.assigned.observed - solution.predicted) / deviations
        free = len(self.fit.kept) - determined(
            solution.jacobian, deviations, self.assigned.parameters
        )
        return max(1.0, math.sqrt(float(misfit @ misfit) / free)) if free > 0 else 1.0

    def _checks(self) -> Iterator[Check]:
        at, fit = self.assigned, self.fit
        names = at.names
        for number, (name, source) in enumerate(zip(names, at.sources, strict=True)):
            against = (
                contradictions(at.predict, at.observed, at.deviations, at.parameters, fit, number)
                if number in fit.aside
                else ()
            )
            yield Check(
                name=name,
                source=source,
                observed_s=math.exp(at.observed[number]),
                predicted_s=math.exp(fit.solution.predicted[number]),
                kept=number in fit.kept,
                contradicts=tuple(names[other] for other in against),
            )


def _estimate(parameter: Parameter, log: float, deviation: float) -> Estimate:
    return Estimate(
        parameter=parameter,
        value=math.exp(log),
        low=math.exp(log - _INTERVAL * deviation),
        high=math.exp(log + _INTERVAL * deviation),
    )
