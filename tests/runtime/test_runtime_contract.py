import pytest
from contract import RuntimeContract, double, linear

from devsim.runtime.protocol import Runtime
from devsim.runtime.reference import ReferenceRuntime

__all__ = ["double", "linear"]


class TestReference(RuntimeContract):
    @pytest.fixture
    def runtime(self) -> Runtime:
        return ReferenceRuntime()
