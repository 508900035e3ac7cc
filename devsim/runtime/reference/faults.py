"""What is wrong inside a package; the runtime adds the package's path and the fix."""


class MalformedError(Exception):
    """The package contradicts itself or the format; the text names the field."""


class OutOfRangeError(MalformedError):
    """An operation looks something up by an index that its table does not have."""


class UnknownOperationError(Exception):
    """The package uses an operation, or a form of one, that the runtime does not know."""


class EndlessLoopError(Exception):
    """A loop of the package went round more often than the runtime was told to allow."""


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
