"""What coremltools' torch front-end tests need besides, to compare off macOS.

Each test converts a torch model and compares a prediction with what torch computes.
"""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

import coremltools as ct
import coremltools.converters.mil.testing_utils as suite_utils
import coremltools.models.utils as model_utils
import numpy as np
import pytest

from conformance.comparison import Case, Untyped, close

TARGETS = tuple(target.name for target in (ct.target.iOS16, ct.target.iOS17, ct.target.iOS18))
"""What models can be converted for whose tests do not choose a target, besides the oldest."""

_UTILITIES = "coremltools.converters.mil.frontend.torch.test.testing_utils"
_OPTIONAL = ("torchvision", "peft")
"""What whole files import for a few of their tests."""


class _Absent(ModuleType):
    """A package that is not installed: a test that uses it is skipped."""

    def __getattr__(self, name: str) -> "_Absent":
        if name.startswith("__"):
            raise AttributeError(name)
        return _Absent(f"{self.__name__}.{name}")

    def __call__(self, *arguments: Untyped, **options: Untyped) -> Untyped:
        pytest.skip(f"needs {self.__name__}")


def prepare(case: Callable[[], Case], target: str) -> None:
    """Have the suite predict and compare.

    Args:
        case: gives the case that runs.
        target: what to convert for where a test does not say; empty for coremltools' own choice.
    """
    for name in _OPTIONAL:
        if importlib.util.find_spec(name) is None:
            sys.modules[name] = _Absent(name)
    if target:
        suite_utils.ct_convert = _converting_for(ct.target[target], suite_utils.ct_convert)
    model_utils._is_macos = lambda: True
    np.testing.assert_allclose = _watched(np.testing.assert_allclose, case)
    importlib.import_module(_UTILITIES)._IS_MACOS = True


def _converting_for(target: ct.target, convert: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(convert)
    def converting(*arguments: Untyped, **options: Untyped) -> Untyped:
        if options.get("minimum_deployment_target") is None:
            options["minimum_deployment_target"] = target
        return convert(*arguments, **options)

    return converting


def _watched(compare: Callable[..., Any], case: Callable[[], Case]) -> Callable[..., Any]:
    """``assert_allclose`` that also notes how a prediction compares, at either tolerance."""

    @wraps(compare)
    def comparing(actual: Untyped, desired: Untyped, *rest: Untyped, **options: Untyped) -> None:
        running = case()
        predicted = any(actual is given for given in running.prediction.values())
        if predicted:
            running.held = False
            running.strict &= close(actual, desired)
        compare(actual, desired, *rest, **options)
        running.held |= predicted

    return comparing
