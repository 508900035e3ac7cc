"""``serial``: load, compute, unload, one chunk after another."""

from functools import cache

from devsim.policy.protocol import Rule


class Serial:
    """Nothing stays loaded and nothing is loaded ahead: the least memory, the longest run.

    Args:
        name: what reports call the policy.
    """

    def __init__(self, name: str = "serial") -> None:
        self.name = name

    def rules(self, stage: int, iteration: int, chunks: int) -> tuple[Rule, ...]:
        """Load only what the compute waits for."""
        return _in_line(chunks)


@cache
def _in_line(chunks: int) -> tuple[Rule, ...]:
    return (Rule(),) * chunks
