"""``planned``: chosen chunks stay resident, the loader runs ahead by a window."""

from devsim.core.plan import Residency
from devsim.policy.protocol import Position, Progress


class Planned:
    """Keeps each stage's resident chunks, and loads the others as soon as they fit.

    Args:
        residency: one a stage of the pipeline.
        name: what reports call the policy.
    """

    def __init__(self, residency: tuple[Residency, ...], name: str = "planned") -> None:
        self.name = name
        self.residency = residency
        self._resident = [frozenset(stage.resident) for stage in residency]
        self._window = [stage.window for stage in residency]

    def keeps(self, at: Position) -> bool:
        """Whether the chunk is resident."""
        return at.chunk in self._resident[at.stage]

    def may_load(self, at: Position, progress: Progress) -> bool:
        """Whether the window has room."""
        return at.number == progress.current.number or progress.ahead < self._window[at.stage]


def spread(count: int, of: int) -> tuple[int, ...]:
    """``count`` chunk numbers out of ``of``, as evenly spaced as they can be.

    Even spacing gives the loader the compute time of a resident chunk between any two loads,
    where a prefix of residents leaves it idle and then behind.
    """
    return tuple((2 * k + 1) * of // (2 * count) for k in range(count))
