"""Runtimes by name."""

from devsim.core.errors import BadInputError, MissingExtraError
from devsim.runtime.protocol import Runtime

NAMES = ("reference",)


def open_runtime(name: str, threads: int) -> Runtime:
    """Make a runtime ready.

    Args:
        name: the runtime's name on the command line.
        threads: how many threads one compute uses.

    Raises:
        BadInputError: there is no such runtime.
        MissingExtraError: what it needs is not installed.
    """
    if name != "reference":
        raise BadInputError(f"unknown runtime '{name}'", f"use one of: {', '.join(NAMES)}")
    try:
        import torch

        from devsim.runtime.reference import ReferenceRuntime
    except ModuleNotFoundError as error:
        raise MissingExtraError("runtime reference", "coreml") from error
    torch.set_num_threads(threads)
    return ReferenceRuntime()
