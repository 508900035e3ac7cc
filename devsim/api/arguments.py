"""How arguments are read: sizes, durations and percentiles, as text or as numbers."""

import re
from pathlib import Path

from devsim.core.errors import ArgumentError
from devsim.core.units import NS_PER_S, parse_bytes

_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)m)?\s*(?:(\d+(?:\.\d+)?)s)?")
_PERCENTILE = re.compile(r"p([1-9]\d?)")

Size = str | int
"""Bytes, or text such as ``3.3GB``."""
File = str | Path
"""A path."""


def size_bytes(size: Size) -> int:
    """Read a size.

    Raises:
        BadInputError: it is not a positive size in a known unit.
    """
    return parse_bytes(str(size))


def duration_ns(duration: str | float) -> int:
    """Read ``13m``, ``750s``, ``12m30s`` or a number of seconds, in nanoseconds.

    Raises:
        ArgumentError: it is not a positive duration.
    """
    text = duration.strip() if isinstance(duration, str) else f"{duration}s"
    found = _DURATION.fullmatch(text)
    took_s = 60 * float(found[1] or 0) + float(found[2] or 0) if found else 0.0
    if took_s <= 0:
        raise ArgumentError(
            f"'{duration}' is not a duration", "write for example 13m, 750s or 12m30s"
        )
    return round(took_s * NS_PER_S)


def percentile_of(text: str | int) -> int:
    """Read ``p90``, or 90.

    Raises:
        ArgumentError: it is not a percentile from 1 to 99.
    """
    found = _PERCENTILE.fullmatch(f"p{text}" if isinstance(text, int) else text)
    if not found:
        raise ArgumentError(f"'{text}' is not a percentile", "write p1 to p99, for example p90")
    return int(found[1])
