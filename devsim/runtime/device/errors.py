"""What can go wrong between devsim and a connected device."""

import contextlib
from collections.abc import Iterator

from devsim.core.errors import DevsimError


class DeviceError(DevsimError):
    """A device, or the tools that talk to it, cannot do what was asked."""


@contextlib.contextmanager
def telling(doing: str, fix: str) -> Iterator[None]:
    """Turn whatever coremltools raises into one line.

    Its experimental modules raise plain ``Exception``s of their own, ``ValueError``,
    ``RuntimeError`` and ``TypeError``, with devicectl's output as bytes or text.

    Raises:
        DeviceError: in place of any of them.
    """
    try:
        yield
    except DevsimError:
        raise
    except Exception as error:
        text = " ".join(str(error).split()) or type(error).__name__
        raise DeviceError(f"{doing} failed ({text})", fix) from error
