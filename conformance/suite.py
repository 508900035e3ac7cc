"""The suites of tests in the coremltools wheel, and what they read from the environment."""

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from devsim.core.errors import MissingExtraError

_CHOSEN = {"PYMIL_TEST_TARGETS": "mlprogram", "INCLUDE_MIL_FP32_UNIT_TESTS": "1"}
_NEEDED = ("coremltools", "torch", "scipy", "pandas", "PIL", "parameterized")


@dataclass(frozen=True, slots=True)
class Suite:
    """Some of Apple's tests.

    Attributes:
        name: what the plugin knows it by.
        place: its folder in the coremltools package.
    """

    name: str
    place: str

    def folder(self) -> Path:
        """The folder of the suite.

        Raises:
            MissingExtraError: something that the suite imports is not installed.
        """
        found = importlib.util.find_spec("coremltools")
        missing = any(importlib.util.find_spec(name) is None for name in _NEEDED)
        if missing or found is None or not found.submodule_search_locations:
            raise MissingExtraError("running Apple's tests", "conformance")
        return Path(found.submodule_search_locations[0], self.place)

    def files(self) -> list[str]:
        """The suite's test files, by their path in its folder."""
        root = self.folder()
        return sorted(path.relative_to(root).as_posix() for path in root.rglob("test_*.py"))


OPERATIONS = Suite("operations", "converters/mil/mil/ops/tests")
"""A small program for every operation, and the outputs that are expected of it."""
FRONTEND = Suite("frontend", "converters/mil/frontend/torch/test")
"""Torch models that are converted, and what torch computes of them."""


def environment() -> dict[str, str]:
    """This process's environment with ML programs of both precisions chosen, on one thread."""
    paths = [str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    search = os.pathsep.join(path for path in paths if path)
    return os.environ | _CHOSEN | {"OMP_NUM_THREADS": "1", "PYTHONPATH": search}
