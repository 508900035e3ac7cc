"""FLOPs of loops: all rounds, where the program says how many, against the rounds that are run."""

import coremltools as ct
import numpy as np
import pytest
import torch
from mil_models import run, save
from rich.console import Console

from devsim.convert.mil.graph import read_graph
from devsim.convert.mil.split import IntoBlocks, split_package
from devsim.mlpackage.package import open_package
from devsim.report.split_view import show_split

mb = ct.converters.mil.Builder
WIDTH = 4
ROUND = 2 * WIDTH * WIDTH
"""FLOPs of a vector times a matrix."""


def loop(start, compare, limit, step, exchanged=False):
    """Counts from one number to another, and multiplies in each round."""

    def build(x):
        def goes_on(i, rounds, y):
            test = getattr(mb, compare)
            return test(x=limit, y=i) if exchanged else test(x=i, y=limit)

        def body(i, rounds, y):
            y = mb.matmul(x=y, y=np.eye(WIDTH, dtype=np.float32))
            return mb.add(x=i, y=step), mb.add(x=rounds, y=1), y

        first = mb.const(val=np.array([start], np.int32))
        none = mb.const(val=np.array([0], np.int32))
        _, rounds, y = mb.while_loop(_cond=goes_on, _body=body, loop_vars=(first, none, x))
        return mb.identity(x=rounds, name="rounds"), mb.identity(x=y, name="y")

    return build


X = {"x": np.zeros((1, WIDTH), np.float32)}


@pytest.mark.parametrize(
    "made",
    [
        (0, "less", 5, 1),
        (0, "less", 5, 2),
        (3, "less", 3, 1),
        (0, "less_equal", 6, 3),
        (9, "greater", 0, -2),
        (4, "greater_equal", 0, -4),
        (2, "not_equal", 8, 3),
        (0, "greater", 5, 1, True),  # 5 > i
        (9, "less_equal", 2, -1, True),  # 2 <= i
    ],
)
def test_a_counted_loop_counts_as_many_rounds_as_it_goes(made, tmp_path):
    package = save(tmp_path / "loop.mlpackage", loop(*made), X)
    graph = read_graph(open_package(package))
    (rounds,) = run(package, X)["rounds"]
    assert sum(node.flops for node in graph.nodes) == rounds * ROUND
    assert sum(node.open_loops for node in graph.nodes) == 0


def endless_unless_told(x):
    """Goes on until the numbers are large: nobody can say how often."""

    def goes_on(y):
        return mb.less(x=mb.reduce_max(x=y, axes=[0, 1], keep_dims=False), y=9.0)

    def body(y):
        return mb.add(x=mb.matmul(x=y, y=np.eye(WIDTH, dtype=np.float32)), y=1.0)

    return mb.while_loop(_cond=goes_on, _body=body, loop_vars=(x,))


def test_a_loop_that_depends_on_values_counts_one_round_and_the_report_says_so(tmp_path):
    package = save(tmp_path / "open.mlpackage", endless_unless_told, X)
    split = split_package(package, tmp_path / "out", IntoBlocks(1))
    assert (split.flops, split.open_loops) == (ROUND, 1)
    console = Console(width=100, record=True, file=None)
    with console.capture() as capture:
        show_split(split, console)
    assert "1 loops count one round of FLOPs" in capture.get()


def test_a_recurrence_that_coremltools_writes_as_loops_counts_its_steps(tmp_path):
    steps, size = 7, 8

    class Both(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.gru = torch.nn.GRU(size, size, batch_first=True, bidirectional=True)

        def forward(self, x):
            return self.gru(x)[0]

    traced = torch.jit.trace(Both().eval(), torch.rand(1, steps, size))
    ct.convert(
        traced,
        inputs=[ct.TensorType("x", (1, steps, size))],
        minimum_deployment_target=ct.target.iOS17,
        skip_model_load=True,
    ).save(str(tmp_path / "gru.mlpackage"))
    split = split_package(tmp_path / "gru.mlpackage", tmp_path / "out", IntoBlocks(1))
    # of each step, in each direction: three gates of the input and of the hidden state
    assert split.flops == steps * 2 * 3 * 2 * size * (size + size)
    assert split.open_loops == 0
