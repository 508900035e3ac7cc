"""How long every activity of one run takes alone."""

from typing import NamedTuple


class Durations(NamedTuple):
    """Nanoseconds for every compute of a run, its load and its unload, in order."""

    load_ns: list[int]
    compute_ns: list[int]
    unload_ns: list[int]
