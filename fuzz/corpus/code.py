"""Files that carry code. It would make one empty file, by whose name a run of it is known."""

import builtins
import importlib
import pickle
from pathlib import Path

from fuzz.arena import root_of
from fuzz.verdict import MARKER


class _Runs:
    """Pickled as a call of a function."""

    def __init__(self, call: tuple[object, tuple[object, ...]]) -> None:
        self._call = call

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self._call


def marker_of(work: Path) -> Path:
    """The file that the code would make."""
    return root_of(work) / MARKER


def runs(work: Path, how: str = "open") -> object:
    """What makes the marker when it is unpickled.

    Args:
        work: the working folder.
        how: by ``open``, by ``eval`` or by ``system``.
    """
    marker = str(marker_of(work))
    if how == "system":
        return _Runs((importlib.import_module("os").system, (f"touch {marker}",)))
    if how == "eval":
        return _Runs((builtins.eval, (f"open({marker!r}, 'w')",)))
    return _Runs((builtins.open, (marker, "w")))


def pickled(work: Path, how: str = "open") -> bytes:
    """A pickle that runs when it is read."""
    return pickle.dumps({"x": runs(work, how)}, protocol=2)
