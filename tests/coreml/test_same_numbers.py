"""Where Core ML is, it and the reference runtime compute the same from the same packages."""

import sys

import numpy as np
import pytest

from devsim.execute.models import Models
from devsim.execute.tensors import random_inputs
from devsim.runtime.choose import open_runtime

pytestmark = pytest.mark.skipif(sys.platform != "darwin", reason="Core ML runs on macOS only")


def test_every_tiny_package(tiny_models):
    import coremltools as ct

    models = Models.open(tiny_models)
    reference = open_runtime("reference", 1)
    for block in models.manifest.stages[0].blocks:
        inputs = random_inputs(block)
        package = reference.load(models.path(block))
        expected = package.predict(inputs)
        package.unload()
        model = ct.models.MLModel(str(models.path(block)), compute_units=ct.ComputeUnit.CPU_ONLY)
        for name, value in model.predict(inputs).items():
            error = np.linalg.norm(value - expected[name]) / np.linalg.norm(expected[name])
            # fp32 throughout, sums of at most a few thousand terms in another order
            assert error < 1e-4, f"{block.name} {name}"
