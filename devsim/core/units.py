"""Bytes and nanoseconds, read from and shown to people."""

import re
from decimal import Decimal

from devsim.core.errors import BadInputError

_FACTORS = {
    "": 1,
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")

NS_PER_S = 1_000_000_000


def parse_bytes(text: str) -> int:
    """Read a size such as ``3.3GB``, ``3.1GiB`` or ``170000000``, in bytes.

    Raises:
        BadInputError: the text is not a positive size in a known unit.
    """
    match = _SIZE.fullmatch(text)
    factor = _FACTORS.get(match[2].upper()) if match else None
    size = round(Decimal(match[1]) * factor) if match and factor else 0
    if size <= 0:
        raise BadInputError(
            f"'{text}' is not a size", "write a positive size like 3.3GB, 3.1GiB or 170000000"
        )
    return size


def format_bytes(size_bytes: int) -> str:
    """Show a size in decimal units with three significant digits: ``170 MB``, ``3.30 GB``."""
    value, unit = float(size_bytes), "B"
    for larger in ("KB", "MB", "GB", "TB"):
        if abs(value) < 999.5:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} B" if unit == "B" else f"{_three_digits(value)} {unit}"


def format_ns(duration_ns: int) -> str:
    """Show a duration with three significant digits: ``1.52 s``, ``117 ms``, ``12m 24s``."""
    if abs(duration_ns) >= 120 * NS_PER_S:
        minutes, seconds = divmod(round(abs(duration_ns) / NS_PER_S), 60)
        return f"{'-' if duration_ns < 0 else ''}{minutes}m {seconds:02d}s"
    value, unit = float(duration_ns), "ns"
    for larger in ("us", "ms", "s"):
        if abs(value) < 999.5:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} ns" if unit == "ns" else f"{_three_digits(value)} {unit}"


def seconds(duration_ns: int) -> float:
    """Nanoseconds as seconds."""
    return duration_ns / NS_PER_S


def _three_digits(value: float) -> str:
    magnitude = abs(value)
    decimals = 2 if magnitude < 9.995 else 1 if magnitude < 99.95 else 0
    return f"{value:.{decimals}f}"
