"""Where the suite lies in the coremltools wheel, and what it reads from the environment."""

import importlib.util
import os
from pathlib import Path

from devsim.core.errors import MissingExtraError

_CHOSEN = {"PYMIL_TEST_TARGETS": "mlprogram", "INCLUDE_MIL_FP32_UNIT_TESTS": "1"}
_NEEDED = ("coremltools", "torch", "scipy", "pandas", "PIL", "parameterized")


def folder() -> Path:
    """The folder of the suite.

    Raises:
        MissingExtraError: something that the suite imports is not installed.
    """
    if any(importlib.util.find_spec(name) is None for name in _NEEDED):
        raise MissingExtraError("running Apple's operation tests", "conformance")
    found = importlib.util.find_spec("coremltools")
    if found is None or not found.submodule_search_locations:
        raise MissingExtraError("running Apple's operation tests", "conformance")
    package = Path(found.submodule_search_locations[0])
    return package / "converters" / "mil" / "mil" / "ops" / "tests"


def files() -> list[str]:
    """The suite's test files, by their path in its folder."""
    root = folder()
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("test_*.py"))


def environment() -> dict[str, str]:
    """This process's environment with ML programs of both precisions chosen, on one thread."""
    paths = [str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    search = os.pathsep.join(path for path in paths if path)
    return os.environ | _CHOSEN | {"OMP_NUM_THREADS": "1", "PYTHONPATH": search}
