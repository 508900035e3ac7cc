"""Typed errors. Each says what is wrong, where, and how to fix it, in one line."""

from pathlib import Path

from devsim.core.printable import quoted

_LONGEST_SENTENCE = 1_000


class DevsimError(Exception):
    """Base of every error a user can cause.

    The texts may quote files: they become printable, and are cut where they go on and on.

    Args:
        problem: what is wrong, naming the file and field where there is one.
        fix: what the user can do about it.
    """

    exit_status = 2

    def __init__(self, problem: str, fix: str) -> None:
        self.problem = _sentence(problem)
        self.fix = _sentence(fix)
        super().__init__(f"{self.problem}; {self.fix}")


def _sentence(text: str) -> str:
    return quoted(text.replace("\n", " "), _LONGEST_SENTENCE)


class BadInputError(DevsimError):
    """A file or an argument that cannot be used."""


class ArgumentError(BadInputError):
    """Arguments that cannot be read, or that contradict each other.

    The texts have parameters in backquotes, as ``budget``; the command line turns those into its
    options.
    """


class BadFileError(BadInputError):
    """A file that is missing, truncated or not what it should be."""

    def __init__(self, path: Path | str, problem: str, fix: str) -> None:
        self.path = Path(path)
        super().__init__(f"{path}: {problem}", fix)


class InfeasibleBudgetError(DevsimError):
    """No schedule fits the budget; carries the smallest budget that works."""

    exit_status = 1

    def __init__(self, problem: str, smallest_budget_bytes: int, fix: str) -> None:
        self.smallest_budget_bytes = smallest_budget_bytes
        super().__init__(problem, fix)


class UnsupportedOperationError(DevsimError):
    """A runtime met an operation it does not know."""


class MissingExtraError(DevsimError):
    """An optional dependency is not installed."""

    def __init__(self, needed_for: str, extra: str) -> None:
        super().__init__(
            f"{needed_for} needs packages that are not installed",
            f"install them with: pip install 'devsim[{extra}]'",
        )
