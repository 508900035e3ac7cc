"""Whether a case can be passed at all: its expectation against the exact result of its program.

The suite's own comparison decides, with its own tolerances: it is given an exact result, or the
nearest value that there is to what it expects, as if a runtime had predicted that.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

import coremltools.converters.mil.testing_utils as suite_utils
import numpy as np
import numpy.typing as npt

from conformance.comparison import Case
from conformance.exact.program import Output, UnknownProgramError, evaluate, rounded, unrounded
from conformance.records import Reach

Untyped = Any
Array = npt.NDArray[Any]
Passes = Callable[[Mapping[str, Array]], bool]
"""Whether the suite would pass these outputs."""

_ATOL, _RTOL = 1e-4, 1e-5
"""What ``compare_backend`` allows where a case does not say."""
_ROUNDING_ULPS = 1.0
"""What a result may be off by that was rounded up or down, to whichever neighbour."""
_ORDER = (
    Reach.UNJUDGED, Reach.REACHED, Reach.UNKNOWN, Reach.ROUNDING, Reach.VALUE, Reach.TYPE
)  # fmt: skip
"""A case is judged by the worst of its comparisons."""


@dataclass(frozen=True, slots=True)
class _Predicting:
    """A model whose prediction is known."""

    model: Untyped
    prediction: Mapping[str, Array]

    def __getattr__(self, name: str) -> Untyped:
        return getattr(self.model, name)

    def predict(self, data: Untyped, state: Untyped = None) -> Mapping[str, Array]:
        return self.prediction


def judged(compare: Callable[..., Any], case: Callable[[], Case]) -> Callable[..., Any]:
    """``compare_backend`` that also says what can be reached of what it compares."""

    @wraps(compare)
    def comparing(
        mlmodel: Untyped,
        input_key_values: Untyped,
        expected_outputs: Untyped,
        *rest: Untyped,
        **options: Untyped,
    ) -> Untyped:
        given = dict(input_key_values)

        def passes(prediction: Mapping[str, Array]) -> bool:
            stand_in = _Predicting(mlmodel, prediction)
            try:
                compare(stand_in, dict(given), expected_outputs, *rest, **options)
            except AssertionError:
                return False
            return True

        allowed = options.get("atol", _ATOL), options.get("rtol", _RTOL)
        running = case()
        found = reach(mlmodel, given, expected_outputs, passes, allowed)
        running.reach = max(running.reach, found, key=_ORDER.index)
        return compare(mlmodel, input_key_values, expected_outputs, *rest, **options)

    return comparing


def reach(
    model: Untyped,
    inputs: Mapping[str, Any],
    expected: Mapping[str, Any],
    passes: Passes,
    allowed: tuple[float, float],
) -> Reach:
    """What can be reached of a comparison.

    Args:
        model: the ``MLModel``.
        inputs: by name.
        expected: the outputs that are expected, by name.
        passes: whether the suite passes what it is given as a prediction.
        allowed: its absolute and its relative tolerance.
    """
    try:
        exact = evaluate(model, inputs, unrounded)
        stepwise = evaluate(model, inputs, rounded)
    except UnknownProgramError:
        return Reach.UNKNOWN
    if passes(_predicted(exact)) or passes(_predicted(stepwise)):
        return Reach.REACHED
    pairs = [(name, _named(exact, name), np.asarray(value)) for name, value in expected.items()]
    if any(output.exact.shape != wanted.shape for _, output, wanted in pairs):
        return Reach.UNKNOWN
    if not passes({name: _given(wanted, output.holds) for name, output, wanted in pairs}):
        return Reach.TYPE
    ulps = max(_needed(output, wanted, *allowed) for _, output, wanted in pairs)
    return Reach.ROUNDING if ulps <= _ROUNDING_ULPS else Reach.VALUE


def _predicted(outputs: Mapping[str, Output]) -> dict[str, Array]:
    return {name: _given(output.exact, output.holds) for name, output in outputs.items()}


def _given(value: Array, holds: np.dtype[Any]) -> Array:
    """The nearest of its type, as coremltools gives it on a Mac, where it has no float16."""
    return value.astype(holds).astype(np.float32)


def _named(outputs: Mapping[str, Output], name: str) -> Output:
    return cast(Output, suite_utils._get_coreml_out_from_dict(outputs, name))


def _needed(output: Output, expected: Array, atol: float, rtol: float) -> float:
    """How far the exact result is from the nearest that passes, in units in its last place."""
    wanted = expected.astype(np.float64)
    gap = np.abs(output.exact - wanted) - (atol + rtol * np.abs(wanted))
    last_place = np.spacing(np.abs(output.exact).astype(output.holds)).astype(np.float64)
    return float((gap / last_place).max())
