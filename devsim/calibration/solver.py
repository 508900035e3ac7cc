"""Least squares in logarithms with plausible ranges (Levenberg-Marquardt)."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from devsim.calibration.parameters import Parameter

Floats = NDArray[np.float64]

_STEP = 1e-4
"""Of a logarithm, for differences: ten thousand times a nanosecond in a ten-second run."""
_ROUNDS = 60
_LONGEST_STEP = 1.5
"""Of a logarithm in one round: farther off, a straight line says nothing."""
_FARTHEST = 5.0
"""Deviations from the middle of its plausible range that a parameter may be."""
_TINY = 1e-30
_CONVERGED = 1e-4
"""A step that lowers the cost by less has arrived,"""
_STIFF = 1e-1
"""if it was as careful as this, with a Jacobian of its own."""


class Solution(NamedTuple):
    """The likeliest parameters, and how observations and parameters depend on each other there."""

    logs: Floats
    """The parameters' logarithms, in order."""
    predicted: Floats
    """The logarithm of what each observation should have been."""
    jacobian: Floats
    """How much each predicted logarithm rises with each parameter's: observations by parameters."""
    cost: float
    """The sum of squared deviations of observations and parameters from what was expected."""


def solve(
    predict: Callable[[Floats], Floats],
    observed: Floats,
    deviations: Floats,
    parameters: Sequence[Parameter],
    start: Solution | None = None,
) -> Solution:
    """Find the parameters that observations and plausible ranges together make likeliest.

    Both are taken as normal in logarithms.

    Args:
        predict: logarithms of the observations from logarithms of the parameters.
        observed: logarithms of the observations; one that is to be ignored has an infinite
            deviation.
        deviations: their standard deviations, as logarithms.
        parameters: what to fit.
        start: where to begin; the middles of the ranges when None.

    Between two full Jacobians, each step corrects the last one by what it taught (Broyden).
    """
    middles = np.array([parameter.middle for parameter in parameters])
    widths = np.array([parameter.deviation for parameter in parameters])
    logs = middles.copy() if start is None else start.logs.copy()
    predicted = predict(logs)
    cost = _cost(predicted, observed, deviations, (logs - middles) / widths)
    jacobian = _jacobian(predict, logs, predicted) if start is None else start.jacobian
    fresh, damping = start is None, 1e-3
    for _ in range(_ROUNDS):
        weighted = jacobian / deviations[:, None]
        curvature = weighted.T @ weighted + np.diag(widths**-2)
        pull = weighted.T @ ((observed - predicted) / deviations) - (logs - middles) / widths**2
        ideal = np.linalg.solve(curvature + damping * np.diag(np.diag(curvature)), pull)
        reach = np.clip(ideal, -_LONGEST_STEP, _LONGEST_STEP)
        step = np.clip(logs + reach, middles - _FARTHEST * widths, middles + _FARTHEST * widths)
        step = step - logs
        tried = predict(logs + step)
        tried_cost = _cost(tried, observed, deviations, (logs + step - middles) / widths)
        gained = cost - tried_cost
        if gained > 0:
            surprise = (tried - predicted - jacobian @ step) / max(float(step @ step), _TINY)
            jacobian, fresh = jacobian + np.outer(surprise, step), False
            logs, predicted, cost = logs + step, tried, tried_cost
            damping /= 10
        if gained < _CONVERGED and fresh and damping > _STIFF:
            break
        if gained < _CONVERGED:
            damping = damping * 10 if fresh else 1e-3
            jacobian, fresh = _jacobian(predict, logs, predicted) if not fresh else jacobian, True
    if not fresh:
        jacobian = _jacobian(predict, logs, predicted)
    return Solution(logs, predicted, jacobian, cost)


def covariance(solution: Solution, deviations: Floats, parameters: Sequence[Parameter]) -> Floats:
    """The parameters' covariance given the observations and their ranges, as logarithms."""
    widths = np.array([parameter.deviation for parameter in parameters])
    weighted = solution.jacobian / deviations[:, None]
    found: Floats = np.linalg.inv(weighted.T @ weighted + np.diag(widths**-2))
    return found


def _cost(predicted: Floats, observed: Floats, deviations: Floats, unusual: Floats) -> float:
    misfit = (observed - predicted) / deviations
    return float(misfit @ misfit + unusual @ unusual)


def _jacobian(predict: Callable[[Floats], Floats], logs: Floats, at: Floats) -> Floats:
    columns = []
    for number in range(len(logs)):
        moved = logs.copy()
        moved[number] += _STEP
        columns.append((predict(moved) - at) / _STEP)
    return np.array(columns).T.reshape(len(at), len(logs))
