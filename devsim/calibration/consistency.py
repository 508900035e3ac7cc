"""Which observations fit one set of parameters, and which contradict them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from devsim.calibration.parameters import Parameter
from devsim.calibration.solver import Floats, Solution, covariance, solve

_COST_OF_SETTING_ASIDE = 9.0
"""An observation is set aside when keeping it costs more: it is three deviations off."""
_FORCED = 0.1
"""To see what an observation contradicts, it is kept as if its deviation were this much of it."""


class Consistent(NamedTuple):
    """The fit to the observations that agree, and those that do not."""

    solution: Solution
    kept: tuple[int, ...]
    aside: tuple[int, ...]

    @property
    def cost(self) -> float:
        """Of the fit, with the price of every observation that was set aside."""
        return self.solution.cost + _COST_OF_SETTING_ASIDE * len(self.aside)


def consistent_fit(
    predict: Callable[[Floats], Floats],
    observed: Floats,
    deviations: Floats,
    parameters: Sequence[Parameter],
) -> Consistent:
    """Fit to as many observations as agree.

    Starts with all of them; sets aside the one whose absence helps most while that helps by more
    than three deviations; takes one back when the rest has moved its way.
    """
    aside: tuple[int, ...] = ()
    best = _without(predict, observed, deviations, parameters, aside, None)
    while True:
        candidates = _neighbours(best, observed, deviations, parameters)
        tried = [
            _without(predict, observed, deviations, parameters, each, best.solution)
            for each in candidates
        ]
        better = min(tried, key=lambda fit: fit.cost, default=best)
        if better.cost >= best.cost - 1e-6:
            return best
        best = better


def contradictions(
    predict: Callable[[Floats], Floats],
    observed: Floats,
    deviations: Floats,
    parameters: Sequence[Parameter],
    fit: Consistent,
    number: int,
) -> tuple[int, ...]:
    """Kept observations that would be two deviations off if one that was set aside were right."""
    forced = _infinite(deviations, fit.aside)
    forced[number] = deviations[number] * _FORCED
    solution = solve(predict, observed, forced, parameters, fit.solution)
    off = (solution.predicted - observed) / deviations
    before = (fit.solution.predicted - observed) / deviations
    return tuple(
        kept for kept in fit.kept if abs(off[kept]) > 2 and abs(off[kept]) > abs(before[kept]) + 1
    )


def _neighbours(
    fit: Consistent, observed: Floats, deviations: Floats, parameters: Sequence[Parameter]
) -> list[tuple[int, ...]]:
    """Observations to set aside instead: one more, whose absence should help most, or one fewer.

    Without an observation the cost falls by its squared misfit over one less its leverage: exact
    where predictions are linear.
    """
    without = _infinite(deviations, fit.aside)
    known = covariance(fit.solution, without, parameters)
    weighted = fit.solution.jacobian / deviations[:, None]
    leverage = np.einsum("ij,jk,ik->i", weighted, known, weighted)
    misfit = ((fit.solution.predicted - observed) / deviations) ** 2
    helps = {number: misfit[number] / max(1e-9, 1 - leverage[number]) for number in fit.kept}
    worst = max(helps, key=lambda number: helps[number], default=None)
    more = (
        [(*fit.aside, worst)] if worst is not None and helps[worst] > _COST_OF_SETTING_ASIDE else []
    )
    fewer = [
        tuple(other for other in fit.aside if other != number)
        for number in fit.aside
        if misfit[number] / (1 + leverage[number]) < _COST_OF_SETTING_ASIDE
    ]
    return [*more, *fewer]


def _without(
    predict: Callable[[Floats], Floats],
    observed: Floats,
    deviations: Floats,
    parameters: Sequence[Parameter],
    aside: tuple[int, ...],
    start: Solution | None,
) -> Consistent:
    solution = solve(predict, observed, _infinite(deviations, aside), parameters, start)
    kept = tuple(number for number in range(len(observed)) if number not in aside)
    return Consistent(solution, kept, tuple(sorted(aside)))


def _infinite(deviations: Floats, aside: tuple[int, ...]) -> Floats:
    without = deviations.copy()
    without[list(aside)] = np.inf
    return without
