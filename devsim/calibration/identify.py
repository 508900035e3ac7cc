"""What observations cannot tell apart, in words that name the parameters."""

from collections.abc import Sequence

import numpy as np

from devsim.calibration.parameters import Parameter
from devsim.calibration.solver import Floats

_OPEN = 0.9
"""A parameter whose interval is still this share of its plausible range was not observed."""
_TIED = 0.85
"""Two parameters whose errors correlate more than this are known only together,"""
_LOOSE = 0.2
"""unless each is known to within this share of its plausible range anyway."""
_SHARE = 0.35
"""A parameter with at least this part in an open combination is named as part of it."""


def determined(jacobian: Floats, deviations: Floats, parameters: Sequence[Parameter]) -> int:
    """How many combinations of parameters the observations know better than their ranges do."""
    return int((_information(jacobian, deviations, parameters) > 1).sum())


def left_open(
    jacobian: Floats, deviations: Floats, parameters: Sequence[Parameter], covariance: Floats
) -> tuple[str, ...]:
    """Sentences on the parameters, pairs and combinations that the observations leave open.

    Args:
        jacobian: observations by parameters, of logarithms.
        deviations: of the observations; infinite for one that is set aside.
        parameters: what was fitted.
        covariance: of the parameters' logarithms, after the observations.
    """
    widths = np.array([parameter.deviation for parameter in parameters])
    scaled = covariance / np.outer(widths, widths)
    shares = np.sqrt(np.diag(scaled))
    correlation = scaled / np.outer(shares, shares)
    names = [parameter.name for parameter in parameters]
    tied = [
        (a, b)
        for a in range(len(names))
        for b in range(a + 1, len(names))
        if abs(correlation[a, b]) > _TIED and min(shares[a], shares[b]) > _LOOSE
    ]
    spoken = {number for pair in tied for number in pair}
    sentences = [_pair(names[a], names[b], float(correlation[a, b])) for a, b in tied]
    lone = [n for n in range(len(names)) if n not in spoken and shares[n] > _OPEN]
    sentences += [
        f"{names[number]}: hardly anything observed depends on it; its plausible range decides"
        for number in lone
    ]
    rest = [n for n in range(len(names)) if n not in spoken and n not in lone]
    return (*sentences, *_combinations(jacobian, deviations, parameters, rest))


def _pair(first: str, second: str, correlation: float) -> str:
    way = "more of one with less of the other" if correlation < 0 else "more or less of both"
    return f"{first} and {second}: {way} explains the observations as well"


def _combinations(
    jacobian: Floats, deviations: Floats, parameters: Sequence[Parameter], rest: list[int]
) -> list[str]:
    """Three or more parameters of which the observations know less than their ranges."""
    if len(rest) < 3:
        return []
    widths = np.array([parameters[number].deviation for number in rest])
    weighted = jacobian[:, rest] / deviations[:, None] * widths
    _, strengths, directions = np.linalg.svd(weighted, full_matrices=True)
    padded = np.zeros(len(rest))
    padded[: len(strengths)] = strengths
    sentences = []
    for strength, direction in zip(padded, directions, strict=True):
        named = [
            parameters[rest[at]].name
            for at in np.argsort(-abs(direction))
            if abs(direction[at]) >= _SHARE
        ]
        if strength < 1 and len(named) > 1:
            sentences.append(
                f"{', '.join(named)}: one combination of them is not seen in the observations"
            )
    return sentences


def _information(jacobian: Floats, deviations: Floats, parameters: Sequence[Parameter]) -> Floats:
    widths = np.array([parameter.deviation for parameter in parameters])
    strengths: Floats = np.linalg.svd(jacobian / deviations[:, None] * widths, compute_uv=False)
    return strengths
