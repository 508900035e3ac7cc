"""The table of operations against coremltools' own definitions."""

import pytest
from coremltools.converters.mil.mil.ops.registry import SSAOpRegistry

from devsim.runtime.reference.ops import OPERATIONS
from devsim.runtime.reference.ops.registry import REQUIRED


def _definitions(name: str) -> list[dict[str, object]]:
    versions = SSAOpRegistry.core_ops[name].values()
    return [version.input_spec.input_types for version in versions]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
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
