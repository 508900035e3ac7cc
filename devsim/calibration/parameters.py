"""The parameters of a device: what each means, and the range it may plausibly lie in."""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Self

from pydantic import Field, model_validator

from devsim.core.errors import BadInputError
from devsim.core.files import Frozen
from devsim.core.profile import Profile
from devsim.core.quantities import Rate
from devsim.core.scaling import work_speed_name
from devsim.core.text_types import Remark

LOAD_FIXED = "load_fixed_s"
LOAD_RATE = "load_bytes_per_s"
COLD_RATE = "cold_bytes_per_s"
DISPATCH = "dispatch_s"
LOAD_CONTENTION = "load_contention"
COMPUTE_CONTENTION = "compute_contention"

MEANINGS = {
    LOAD_FIXED: "the part of every load that does not grow with its bytes",
    LOAD_RATE: "bytes on disk that a cached load takes in a second",
    COLD_RATE: "bytes held after a load that specialisation makes in a second, on top of that",
    DISPATCH: "the part of every compute that does not grow with its work",
    LOAD_CONTENTION: "how much longer a load takes beside a compute, as a fraction",
    COMPUTE_CONTENTION: "how much longer a compute takes beside a load, as a fraction",
}
_RANGES = {
    LOAD_FIXED: (1e-5, 0.1),
    LOAD_RATE: (1e8, 2e10),
    COLD_RATE: (3e7, 1e10),
    DISPATCH: (1e-5, 0.02),
    LOAD_CONTENTION: (0.02, 2.0),
    COMPUTE_CONTENTION: (0.02, 2.0),
}
_SPEED_RANGE = (1e9, 2e13)


class Range(Frozen):
    """Where a parameter plausibly lies: two standard deviations either side of the middle.

    The middle is that of the logarithms, for every parameter is positive.
    """

    low: Rate
    high: Rate
    source: Remark = Field(min_length=1)

    @model_validator(mode="after")
    def _low_is_below_high(self) -> Self:
        if not self.low < self.high:
            raise ValueError("needs low < high")
        return self


class Parameter(NamedTuple):
    """A parameter to fit, in logarithms."""

    name: str
    meaning: str
    range: Range

    @property
    def middle(self) -> float:
        """The logarithm that is likeliest before any data."""
        return 0.5 * (math.log(self.range.low) + math.log(self.range.high))

    @property
    def deviation(self) -> float:
        """Its standard deviation before any data, as a logarithm."""
        return 0.25 * (math.log(self.range.high) - math.log(self.range.low))


def parameters_of(
    profiles: Iterable[Profile], ranges: Mapping[str, Range], names: Iterable[str] | None = None
) -> tuple[Parameter, ...]:
    """The parameters that profiles' costs depend on.

    Args:
        profiles: whose loads and work are to be explained.
        ranges: by name, where the usual wide range is not meant.
        names: only these, if given.

    Raises:
        BadInputError: a range is given for a parameter that there is not.
    """
    meanings = {**MEANINGS, **_speed_meanings(profiles)}
    for name in ranges:
        if name not in meanings:
            raise BadInputError(
                f"there is no parameter '{name}'", f"use one of: {', '.join(meanings)}"
            )
    chosen = set(meanings if names is None else names)
    return tuple(
        Parameter(name, meaning, ranges.get(name) or _usual(name))
        for name, meaning in meanings.items()
        if name in chosen
    )


def _usual(name: str) -> Range:
    low, high = _RANGES.get(name, _SPEED_RANGE)
    return Range(low=low, high=high, source="wide: any device")


def _speed_meanings(profiles: Iterable[Profile]) -> dict[str, str]:
    kinds = {
        (variant.unit, work.kind)
        for profile in profiles
        for stage in profile.stages
        for block in stage.blocks
        for variant in block.variants.values()
        for work in variant.work
        if work.kind != "traffic"
    }
    return {
        work_speed_name(unit, kind): f"FLOPs of {kind} work in a second"
        + (f" on the {unit}" if unit else "")
        for unit, kind in sorted(kinds)
    }
