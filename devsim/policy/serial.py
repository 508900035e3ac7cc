"""``serial``: load, compute, unload, one chunk after another."""

from devsim.policy.protocol import Position, Progress


class Serial:
    """Nothing stays loaded and nothing is loaded ahead: the least memory, the longest run."""

    name = "serial"

    def keeps(self, at: Position) -> bool:
        """Never."""
        return False

    def may_load(self, at: Position, progress: Progress) -> bool:
        """Only when the compute lane waits for it."""
        return at.number == progress.current.number
