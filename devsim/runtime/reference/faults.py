"""What is wrong inside a package; the runtime adds the package's path and the fix."""

_LONGEST = 300


class MalformedError(Exception):
    """The package contradicts itself or the format; the text names the field."""


class OutOfRangeError(MalformedError):
    """An operation looks something up by an index that its table does not have."""


class UnknownOperationError(Exception):
    """The package uses an operation, or a form of one, that the runtime does not know."""


class EndlessLoopError(Exception):
    """A loop of the package went round more often than the runtime was told to allow."""


def one_line(text: str) -> str:
    """Text from a package made fit for a message: one printable line of bounded length."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return shown if len(shown) <= _LONGEST else shown[:_LONGEST] + "..."


COMPUTE_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What torch and Python raise when an operation's arguments do not fit together."""
