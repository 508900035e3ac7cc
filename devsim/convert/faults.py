"""What goes wrong with packages, and not with what the user gave."""

from devsim.core.errors import DevsimError


class InaccurateError(DevsimError):
    """A package is further from torch than its precision explains."""

    exit_status = 1


class ConversionError(DevsimError):
    """Some packages could not be made; the others are kept, and the next run goes on."""

    def __init__(self, problem: str, fix: str, exit_status: int) -> None:
        self.exit_status = exit_status
        super().__init__(problem, fix)
