"""Where Core ML is, it and the reference runtime compute the same from the same packages."""

import sys

import numpy as np
import pytest

from devsim.execute.models import Models
from devsim.execute.tensors import random_inputs
from devsim.runtime.choose import open_runtime
from devsim.runtime.coreml import CoreMLRuntime
from devsim.runtime.coreml.units import ComputeUnit

pytestmark = pytest.mark.skipif(sys.platform != "darwin", reason="Core ML runs on macOS only")


def test_every_tiny_package(tiny_models, tmp_path):
    models = Models.open(tiny_models)
    reference = open_runtime("reference", 1)
    with CoreMLRuntime(ComputeUnit.CPU_ONLY, tmp_path) as coreml:
        for block in models.manifest.stages[0].blocks:
            inputs = random_inputs(block)
            expected, computed = (
                _run(runtime, models.path(block), inputs) for runtime in (reference, coreml)
            )
            for name, value in computed.items():
                error = np.linalg.norm(value - expected[name]) / np.linalg.norm(expected[name])
                # fp32 throughout, sums of at most a few thousand terms in another order
                assert error < 1e-4, f"{block.name} {name}"


def _run(runtime, package, inputs):
    loaded = runtime.load(package)
    outputs = loaded.predict(inputs)
    loaded.unload()
    return outputs
