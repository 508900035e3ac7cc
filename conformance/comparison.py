"""What happens to the case that runs: its predictions, and how well they agree."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import numpy as np
import numpy.typing as npt

from conformance.records import Reach

Untyped = Any
"""What coremltools hands over; it has no types."""

STRICT = 1e-2
"""The strict tolerance, as a part of the largest magnitude that is expected of the output."""
_LEAST = 1e-4
"""What an output that should be zero may differ from it."""


@dataclass
class Case:
    """What the case that runs has done so far.

    Attributes:
        predicted: whether it asked for a prediction.
        prediction: the last one.
        held: whether that was compared, and within the suite's tolerance.
        operations: the operations of the last model that predicted, in order.
        half: whether float16 is in the program, or in what is expected of it.
        strict: whether all that was compared held at the strict tolerance.
        reach: the worst that can be reached of what was compared, where that was asked.
    """

    predicted: bool = False
    prediction: Mapping[str, Any] = field(default_factory=dict)
    held: bool = False
    operations: tuple[str, ...] = ()
    half: bool = False
    strict: bool = True
    reach: Reach = Reach.UNJUDGED


def observed(compare: Callable[..., Any], case: Callable[[], Case]) -> Callable[..., Any]:
    """``compare_backend`` that also compares at the strict tolerance."""

    @wraps(compare)
    def comparing(
        mlmodel: Untyped,
        input_key_values: Untyped,
        expected_outputs: Untyped,
        *rest: Untyped,
        **options: Untyped,
    ) -> Untyped:
        running = case()
        running.prediction = {}
        running.half |= any(
            getattr(value, "dtype", None) == np.float16
            for value in (expected_outputs or {}).values()
        )
        try:
            return compare(mlmodel, input_key_values, expected_outputs, *rest, **options)
        finally:
            # Without a prediction the runtime has refused, which is for the case to judge.
            if running.prediction:
                allowed = options.get("allow_mismatch_ratio", 0.0)
                running.strict &= _agree(running.prediction, expected_outputs or {}, allowed)

    return comparing


def _agree(given: Mapping[str, Any], expected: Mapping[str, Any], allowed: float) -> bool:
    # The runtime names outputs as the package does, where coremltools has replaced some letters.
    by_letters = {_letters(name): value for name, value in given.items()}
    return all(
        _letters(name) in by_letters and close(by_letters[_letters(name)], value, allowed)
        for name, value in expected.items()
    )


def _letters(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name).lstrip("_")


def close(given: Untyped, expected: Untyped, allowed: float = 0.0) -> bool:
    """Whether an output holds at the strict tolerance.

    Args:
        given: the output.
        expected: of it.
        allowed: the part of its elements that may miss.
    """
    if not isinstance(given, np.ndarray):
        return bool(given == expected)
    wanted = np.asarray(expected)
    if given.size != wanted.size:
        return False
    misses = np.count_nonzero(~_within(given.reshape(-1), wanted.reshape(-1)))
    return bool(misses <= allowed * wanted.size)


def _within(given: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    if given.dtype.kind in "iub":
        # Nothing is nearly right about an index.
        return np.asarray(given == wanted)
    exact, wide = given.astype(np.float64), wanted.astype(np.float64)
    finite = np.abs(wide[np.isfinite(wide)])
    scale = float(finite.max()) if finite.size else 0.0
    return np.isclose(exact, wide, rtol=0.0, atol=max(STRICT * scale, _LEAST), equal_nan=True)
