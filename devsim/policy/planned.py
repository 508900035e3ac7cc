"""``planned``: chosen chunks stay resident, the loader runs ahead by a window."""

from devsim.core.plan import Residency
from devsim.policy.protocol import Rule


class Planned:
    """Keeps each stage's resident chunks, and loads the others as soon as they fit.

    Args:
        residency: one a stage of the pipeline.
        name: what reports call the policy.
    """

    def __init__(self, residency: tuple[Residency, ...], name: str = "planned") -> None:
        self.name = name
        self.residency = residency
        self._rules: list[tuple[Rule, ...]] = [()] * len(residency)

    def rules(self, stage: int, iteration: int, chunks: int) -> tuple[Rule, ...]:
        """The same in every iteration."""
        rules = self._rules[stage]
        if len(rules) != chunks:
            resident = set(self.residency[stage].resident)
            window = self.residency[stage].window
            kept, streamed = Rule(keep=True, window=window), Rule(window=window)
            rules = tuple(kept if chunk in resident else streamed for chunk in range(chunks))
            self._rules[stage] = rules
        return rules


def spread(count: int, of: int) -> tuple[int, ...]:
    """``count`` chunk numbers out of ``of``, as evenly spaced as they can be.

    Even spacing gives the loader the compute time of a resident chunk between any two loads,
    where a prefix of residents leaves it idle and then behind.
    """
    return tuple((2 * k + 1) * of // (2 * count) for k in range(count))
