"""What every runtime must do, done by Core ML: on a Mac only."""

import os
import sys

import numpy as np
import pytest
from contract import INPUT, WEIGHT_BYTES, RuntimeContract, double, linear

from devsim.execute.footprint import footprint_bytes
from devsim.runtime.coreml import CoreMLRuntime
from devsim.runtime.coreml.units import ComputeUnit

__all__ = ["double", "linear"]

pytestmark = pytest.mark.skipif(sys.platform != "darwin", reason="Core ML runs on macOS only")


@pytest.fixture(scope="module")
def coreml(tmp_path_factory):
    # The CPU alone computes float32 as float32, and a build machine has nothing else.
    with CoreMLRuntime(ComputeUnit.CPU_ONLY, tmp_path_factory.mktemp("cache")) as runtime:
        yield runtime


class TestCoreML(RuntimeContract):
    weights_in_footprint = False

    @pytest.fixture
    def runtime(self, coreml):
        return coreml


def test_loads_do_not_pile_up(coreml, linear):
    """Core ML may take memory back late, but not keep a model of each of ten loads."""
    coreml.load(linear).unload()
    before = footprint_bytes(os.getpid())
    for _ in range(10):
        loaded = coreml.load(linear)
        loaded.predict({"x": INPUT})
        loaded.unload()
    assert footprint_bytes(os.getpid()) - before < 5 * WEIGHT_BYTES


def test_a_load_after_forget_is_cold_and_the_next_is_not(coreml, double):
    times = []
    for forget in (True, False):
        if forget:
            coreml.forget(double)
        loaded = coreml.load(double)
        times.append((loaded.times.cold, loaded.times.compile_ns, loaded.times.load_ns > 0))
        loaded.unload()
    assert times == [(True, None, True), (False, None, True)]


def test_the_footprint_rises_by_what_is_held():
    before = footprint_bytes(os.getpid())
    held = np.ones(64 * 2**20, np.uint8)
    assert footprint_bytes(os.getpid()) - before > 0.9 * held.nbytes
