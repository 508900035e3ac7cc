"""The memory ledger: every byte a run holds, by what holds it."""

from devsim.core.errors import DevsimError
from devsim.core.units import format_bytes


class BudgetExceededError(DevsimError):
    """The ledger was asked to go over the budget: a defect of devsim, never of its input."""

    exit_status = 3


class Ledger:
    """Counts the footprint in bytes and refuses to let it exceed the budget."""

    def __init__(self, budget_bytes: int, base_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self.footprint_bytes = base_bytes
        self.leaving_bytes = 0
        """Part of the footprint that goes without anything else having to happen: what is being
        unloaded, and what running activities hold only while they run."""

    @property
    def free_bytes(self) -> int:
        """What could be taken now."""
        return self.budget_bytes - self.footprint_bytes

    def take(self, lasting_bytes: int, passing_bytes: int) -> None:
        """Hold bytes that stay until they are unloaded, and bytes that go with the activity."""
        self.footprint_bytes += lasting_bytes + passing_bytes
        self.leaving_bytes += passing_bytes
        if self.footprint_bytes > self.budget_bytes:
            raise BudgetExceededError(
                f"the footprint would be {format_bytes(self.footprint_bytes)}, "
                f"the budget is {format_bytes(self.budget_bytes)}",
                "report this as a defect of devsim",
            )

    def end_passing(self, passing_bytes: int) -> None:
        """Give back what an activity held only while it ran."""
        self.footprint_bytes -= passing_bytes
        self.leaving_bytes -= passing_bytes

    def start_unload(self, lasting_bytes: int) -> None:
        """Note that bytes are on their way out; they still count until ``end_passing``."""
        self.leaving_bytes += lasting_bytes
