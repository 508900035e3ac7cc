"""How devsim starts Python processes of its own: nothing in the current folder can get in.

``python -m`` puts the current folder first on the path of modules, so a ``psutil.py`` that lies
beside a downloaded model would run.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def python_command(module: str) -> list[str]:
    """The command that runs one of devsim's modules with this interpreter."""
    return [sys.executable, "-P", "-m", module]


def python_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which modules are found where this process finds them.

    The current folder is left out, however it came onto the path. Only where devsim itself or the
    program that uses it lies there does it come last, behind all that is installed.
    """
    here = Path.cwd().resolve()
    folders = [Path(folder).absolute() for folder in sys.path if folder]
    path = [folder for folder in folders if folder.resolve() != here]
    if here in _homes():
        path.append(here)
    return {**environment, "PYTHONPATH": os.pathsep.join(map(str, path))}


def _homes() -> set[Path]:
    """The folders of devsim's package and of the program that runs."""
    program = getattr(sys.modules.get("__main__"), "__file__", None)
    homes = {Path(__file__).resolve().parents[2]}
    return homes | {Path(program).resolve().parent} if program else homes
