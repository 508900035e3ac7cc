"""The weights of an int8, int6 or int4 package, read off its outputs for the unit vectors."""

import numpy as np
import pytest
import torch
from torch import nn
from toy import ToyBlock, ToyPipeline, ToyStage

from devsim.convert import convert_workload
from devsim.core.manifest import Port
from devsim.runtime.reference import ReferenceRuntime

WIDTH = 64


class Matrix(ToyBlock):
    inputs = (Port(name="x", tensor="x", shape=(WIDTH, WIDTH), dtype="float32"),)
    outputs = (Port(name="y", tensor="y", shape=(WIDTH, WIDTH), dtype="float32"),)

    def build(self):
        torch.manual_seed(5)
        linear = nn.Linear(WIDTH, WIDTH, bias=False).requires_grad_(False)
        linear.weight[3] *= 50  # a row of another scale
        return linear.eval()


@pytest.fixture(scope="module", params=["int8", "int6", "int4"])
def compressed(request, tmp_path_factory):
    """The precision, the block of the manifest, and the weights before and after."""
    folder = tmp_path_factory.mktemp(request.param)
    block = Matrix("only")
    block.inputs, block.outputs = Matrix.inputs, Matrix.outputs
    pipeline = ToyPipeline(stages=[ToyStage("only", [block], precision=request.param)])
    manifest = convert_workload(pipeline, folder)
    (made,) = manifest.stages[0].blocks
    loaded = ReferenceRuntime().load(folder / made.package)
    after = loaded.predict({"x": np.eye(WIDTH, dtype=np.float32)})["y"].T
    return request.param, made, block.build().weight.numpy(), after


def test_the_file_is_as_small_as_the_bits_say(compressed):
    precision, made, _, _ = compressed
    bits = int(precision.removeprefix("int"))
    table_bytes = WIDTH * 5 if precision == "int8" else 4 << bits  # a scale and a zero a row
    packed_bytes = made.parameters * bits // 8
    assert made.parameters == WIDTH * WIDTH
    assert 0 <= made.weight_bytes - packed_bytes - table_bytes < 1000, "headers"


def test_weights_are_the_nearest_of_those_there_are(compressed):
    precision, _, before, after = compressed
    if precision == "int8":  # multiples of the row's largest over 127
        scale = np.abs(before).max(1, keepdims=True) / 127
        assert np.abs(after / scale - np.round(before / scale)).max() < 1e-3
        return
    table = np.unique(after)
    assert 2 < len(table) <= 1 << int(precision.removeprefix("int"))
    nearest = np.abs(before[..., None] - table).min(-1)
    # A weight that is half way may go either way; the search sees table entries as float32.
    np.testing.assert_allclose(np.abs(before - after), nearest, atol=1e-6)


def test_the_table_is_where_k_means_stops(compressed):
    precision, _, before, after = compressed
    if precision == "int8":
        return
    # What the squared error loses by an entry that is not the mean of its weights. The search
    # rounds weights to half precision, so one at the edge may count for the next entry.
    entries = [(before[after == entry].astype(np.float64), entry) for entry in np.unique(after)]
    lost = sum(len(members) * (members.mean() - entry) ** 2 for members, entry in entries)
    assert lost < 1e-3 * np.square(before - after, dtype=np.float64).sum()
