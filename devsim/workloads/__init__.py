"""Workloads in torch, as lists of blocks; torch is imported only when one is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from devsim.core.errors import BadInputError, MissingExtraError

if TYPE_CHECKING:
    from devsim.workloads.pipeline import Workload

__all__ = ["find", "names"]

_MODULES = {
    "open-sora-v1.2": "devsim.workloads.open_sora",
    "cogvideox-2b": "devsim.workloads.cogvideox",
    "ltx-video": "devsim.workloads.ltx_video",
}


def names() -> tuple[str, ...]:
    """Names of the workloads there are."""
    return tuple(_MODULES)


def find(name: str) -> Workload:
    """The workload of a name.

    Raises:
        BadInputError: there is none of that name.
        MissingExtraError: torch is not installed.
    """
    if name not in _MODULES:
        raise BadInputError(f"no workload '{name}'", f"choose one of: {', '.join(_MODULES)}")
    try:
        workload: Workload = import_module(_MODULES[name]).WORKLOAD
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingExtraError(f"workload '{name}'", "coreml") from None
    return workload
