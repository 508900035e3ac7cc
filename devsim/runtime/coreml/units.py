"""The compute units that Core ML may use."""

from enum import StrEnum

from devsim.core.errors import BadInputError


class ComputeUnit(StrEnum):
    """What ``coremltools.ComputeUnit`` offers; a value in capitals is the name there."""

    ALL = "all"
    CPU_ONLY = "cpu_only"
    CPU_AND_GPU = "cpu_and_gpu"
    CPU_AND_NE = "cpu_and_ne"


def parse_unit(text: str) -> ComputeUnit:
    """Read a compute unit; nothing means all.

    Raises:
        BadInputError: there is no such compute unit.
    """
    known = [unit.value for unit in ComputeUnit]
    if text and text not in known:
        raise BadInputError(f"unknown compute unit '{text}'", f"use one of: {', '.join(known)}")
    return ComputeUnit(text or ComputeUnit.ALL)
