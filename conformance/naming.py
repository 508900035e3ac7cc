"""What to call a case of the suite: its operation, its precision, and why it failed."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pytest
from coremltools.converters.mil.mil.ops.registry import SSAOpRegistry

_LONGEST = 200
_PACKAGE = re.compile(r"\S*\.mlpackage: ")
"""Where coremltools put the package: another place in every run."""


def parameters(item: pytest.Item) -> Mapping[str, Any]:
    """The parameters of a case; none when its test has no cases."""
    spec = getattr(item, "callspec", None)
    return {} if spec is None else spec.params


def precision(item: pytest.Item, half: bool = False) -> str:
    """``fp16`` or ``fp32``; ``own`` where the case does not take it from the suite.

    Args:
        item: the case.
        half: whether float16 is in its program or in what it expects; ``mixed`` for one that is
            compared at the tolerance of float32 nevertheless.
    """
    backend = parameters(item).get("backend")
    named = str(backend[1] if isinstance(backend, tuple) else getattr(backend, "precision", "own"))
    return "mixed" if half and named == "fp32" else named


def operation(item: pytest.Item, program: Sequence[str]) -> str:
    """The operation that a case tests.

    It is the one its test class is named after; else the last of the program, which is what the
    suite's programs build up to; else only the class is known.
    """
    tested = item.cls.__name__ if isinstance(item, pytest.Function) and item.cls else item.name
    named = _registered().get(_letters(tested.removeprefix("Test")))
    if named is not None:
        return named
    return program[-1] if program else tested


def reason(raised: pytest.ExceptionInfo[BaseException]) -> str:
    """One line that says why."""
    lines = [line.strip() for line in str(raised.value).splitlines() if line.strip()]
    kept = [line for line in lines if not line.startswith(("ACTUAL", "DESIRED", "["))][:4]
    text = f"{raised.typename}: {' / '.join(kept) or raised.traceback[-1].statement}"
    text = _PACKAGE.sub("", text)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def is_mismatch(raised: BaseException | None) -> bool:
    """Whether values were compared and differ, rather than shapes or something else."""
    return isinstance(raised, AssertionError) and "Mismatched elements" in str(raised)


@cache
def _registered() -> dict[str, str]:
    return {_letters(name): name for name in SSAOpRegistry.core_ops}


def _letters(name: str) -> str:
    return name.lower().replace("_", "")
