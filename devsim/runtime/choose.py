"""Runtimes by name."""

import importlib.util
import platform
import sys

from devsim.core.errors import BadInputError, MissingExtraError
from devsim.runtime.protocol import Runtime

NAMES = ("reference", "coreml", "device")


def open_runtime(name: str, threads: int) -> Runtime:
    """Make a runtime ready.

    Args:
        name: the runtime's name on the command line and, after a colon, what it computes on
            (``coreml:cpu_and_ne``) or how it holds weights (``reference:mapped``).
        threads: how many threads one compute uses; Core ML decides for itself.

    Raises:
        BadInputError: there is no such runtime, or not on this system, or not for this use.
        MissingExtraError: what it needs is not installed.
    """
    base, _, unit = name.partition(":")
    if base == "coreml":
        return _open_coreml(unit)
    if base == "device":
        raise BadInputError(
            "runtime device cannot profile or run a plan: coremltools tells no footprint of a "
            "device and its calls include copying and polling",
            "time packages one by one with: python -m devsim.runtime.device time PACKAGE",
        )
    if base == "reference":
        return _open_reference(unit or "read", threads)
    raise BadInputError(f"unknown runtime '{name}'", f"use one of: {', '.join(NAMES)}")


def require_coreml(runtime: str) -> None:
    """Check that this is a Mac with coremltools.

    Raises:
        BadInputError: it is no Mac.
        MissingExtraError: coremltools is not installed.
    """
    if sys.platform != "darwin":
        raise BadInputError(
            f"runtime {runtime} needs macOS and this is {platform.system()}",
            "run it on a Mac, or use --runtime reference",
        )
    if importlib.util.find_spec("coremltools") is None:
        raise MissingExtraError(f"runtime {runtime}", "coreml")


def _open_coreml(unit: str) -> Runtime:
    from devsim.runtime.coreml import CoreMLRuntime
    from devsim.runtime.coreml.units import parse_unit

    parsed = parse_unit(unit)
    require_coreml("coreml")
    return CoreMLRuntime(parsed)


def _open_reference(weights: str, threads: int) -> Runtime:
    if weights not in ("read", "mapped"):
        raise BadInputError(
            f"runtime reference does not hold weights '{weights}'",
            "use reference (read into memory) or reference:mapped (pages of the file)",
        )
    try:
        import torch

        from devsim.runtime.reference import ReferenceRuntime
    except ModuleNotFoundError as error:
        raise MissingExtraError("runtime reference", "coreml") from error
    torch.set_num_threads(threads)
    return ReferenceRuntime(weights="mapped" if weights == "mapped" else "read")
