"""How far a conversion is."""

from dataclasses import dataclass

from devsim.convert.outcome import Failed, Outcome


@dataclass(frozen=True, slots=True)
class Progress:
    """Told after each package.

    Attributes:
        stage: the stage of the package.
        variant: the variant of the package.
        block: its block.
        done: packages dealt with so far, of all stages.
        total: packages there will be.
        outcome: what was made or what went wrong; None when an earlier run left the package.
    """

    stage: str
    variant: str
    block: str
    done: int
    total: int
    outcome: Outcome | None

    @property
    def reused(self) -> bool:
        """Whether the package was left by an earlier run."""
        return self.outcome is None

    @property
    def failure(self) -> str | None:
        """One line that names the package, if it could not be made."""
        return self.outcome.problem if isinstance(self.outcome, Failed) else None
