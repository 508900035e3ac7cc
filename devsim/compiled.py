"""In which form the engines run: compiled, or as the Python sources they are compiled from.

Both give the same results. Compiled modules lie beside their sources, and Python prefers them; in a
checkout the sources may have changed since, so a record of what was compiled lies there too. If it
no longer holds, or ``DEVSIM_PURE`` is set, everything runs from sources.
"""

import json
import os
import sys
from collections.abc import Sequence
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
from importlib.util import find_spec, source_hash
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parent
RECORD = ROOT / "compiled.json"
"""Written where the sources may change: not in a wheel."""


class _Sources:
    """Finds devsim's modules as sources alone."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not name.startswith("devsim.") or not path:
            return None
        return FileFinder(path[0], (SourceFileLoader, SOURCE_SUFFIXES)).find_spec(name)


def prefer_sources() -> None:
    """From here on import sources, if that is asked for or what was compiled is out of date.

    The packages that have compiled modules call it before they import any.
    """
    if _Sources not in sys.meta_path and (os.environ.get("DEVSIM_PURE") or changed()):
        sys.meta_path.insert(0, _Sources)


def changed() -> list[str]:
    """The sources that are not any more what was compiled."""
    try:
        sources = json.loads(RECORD.read_text())["sources"]
    except FileNotFoundError:
        return []
    return [source for source, compiled in sources.items() if digest(source) != compiled]


def digest(source: str) -> str:
    """Of a source file of the package; empty where there is none."""
    file = ROOT / source
    return source_hash(file.read_bytes()).hex() if file.is_file() else ""


def form() -> str:
    """One line that says in which form the engines run, and why."""
    found = find_spec("devsim.simulation.quick")
    if found and not str(found.origin).endswith(tuple(SOURCE_SUFFIXES)):
        return "engines: compiled"
    if os.environ.get("DEVSIM_PURE"):
        return "engines: Python sources, because DEVSIM_PURE is set"
    if stale := changed():
        return f"engines: Python sources, slower: changed since compiled: {', '.join(stale)}"
    return "engines: Python sources, slower: no C compiler was found when devsim was installed"
