"""The table of operations against coremltools' own definitions."""

import pytest
from coremltools.converters.mil.mil.ops.registry import SSAOpRegistry

from devsim.runtime.reference.ops import OPERATIONS
from devsim.runtime.reference.ops.registry import REQUIRED


def _definitions(name: str) -> list[dict[str, object]]:
    versions = SSAOpRegistry.core_ops.get(name) or SSAOpRegistry.dialect_ops[name]
    versions = versions.values() if isinstance(versions, dict) else [versions]
    return [version.input_spec.input_types for version in versions]


# What coremltools writes for ``coreml_update_state`` without defining it.
WRITTEN_ONLY = {"write_state"}


@pytest.mark.parametrize("name", sorted(OPERATIONS.keys() - WRITTEN_ONLY))
def test_parameters_are_those_of_mil(name: str) -> None:
    definitions = _definitions(name)
    defined = {parameter for definition in definitions for parameter in definition}
    assert {parameter.name for parameter in OPERATIONS[name].parameters} == defined
    for parameter in OPERATIONS[name].parameters:
        everywhere = all(
            parameter.name in definition and not definition[parameter.name].optional
            for definition in definitions
        )
        assert (parameter.default is REQUIRED) == everywhere, parameter.name
