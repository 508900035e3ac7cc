"""The exact evaluation of operations, against torch in double precision."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("coremltools")

import torch
from torch import nn
from torch.nn import functional

from conformance.exact.convolutions import CONVOLUTIONS
from conformance.exact.elementwise import ELEMENTWISE
from conformance.exact.recurrent import RECURRENT
from conformance.exact.resampled import RESAMPLED

# Both sides add at most some hundred products of numbers of the order of 1 in double precision.
NEAR = 1e-12


def drawn(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape)


def near(given: np.ndarray, wanted: torch.Tensor) -> None:
    np.testing.assert_allclose(given, wanted.detach().numpy(), rtol=0, atol=NEAR)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_convolution(dimensions: int) -> None:
    x, weight, bias = drawn(2, 4, *(7, 8, 9)[:dimensions]), drawn(6, 2, 3, 2, 2), drawn(6)
    weight = weight[(..., *[0] * (3 - dimensions))]
    stride, padding, dilation = (each[:dimensions] for each in ((2, 1, 3), (1, 2, 0), (2, 1, 2)))
    given = CONVOLUTIONS["conv"](
        x, weight, stride, "custom", np.repeat(padding, 2), dilation, 2, bias
    )
    compute = (functional.conv1d, functional.conv2d, functional.conv3d)[dimensions - 1]
    near(given, compute(*map(torch.tensor, (x, weight, bias)), stride, padding, dilation, 2))


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_transposed_convolution(dimensions: int) -> None:
    x, weight, bias = drawn(2, 4, *(5, 4, 3)[:dimensions]), drawn(4, 3, 3, 2, 2), drawn(6)
    weight = weight[(..., *[0] * (3 - dimensions))]
    stride, padding, dilation = (each[:dimensions] for each in ((2, 3, 1), (1, 0, 1), (2, 1, 3)))
    compute = getattr(functional, f"conv_transpose{dimensions}d")
    wanted = compute(*map(torch.tensor, (x, weight, bias)), stride, padding, 0, 2, dilation)
    pad = np.repeat(padding, 2)
    for shape in (None, wanted.shape):
        given = CONVOLUTIONS["conv_transpose"](
            x, weight, stride, "custom", pad, dilation, 2, bias, shape
        )
        near(given, wanted)


def test_instance_norm() -> None:
    x, gamma, beta = drawn(2, 3, 4, 5), drawn(3), drawn(3)
    wanted = functional.instance_norm(
        torch.from_numpy(x), weight=torch.from_numpy(gamma), bias=torch.from_numpy(beta), eps=1e-2
    )
    near(ELEMENTWISE["instance_norm"](x, 1e-2, gamma, beta), wanted)


@pytest.mark.parametrize("direction", ["forward", "reverse"])
@pytest.mark.parametrize("sequence", [True, False])
def test_rnn(direction: str, sequence: bool) -> None:
    x, h, weights = drawn(5, 2, 3), drawn(2, 4), (drawn(4, 3), drawn(4, 4), drawn(4))
    torch_rnn = nn.RNN(3, 4).double()
    with torch.no_grad():
        for parameter, value in zip(torch_rnn.parameters(), (*weights, np.zeros(4)), strict=True):
            parameter.copy_(torch.from_numpy(value))
    ordered = x if direction == "forward" else x[::-1].copy()
    steps, last = torch_rnn(torch.from_numpy(ordered), torch.from_numpy(h)[None])
    given = RECURRENT["rnn"](x, h, *weights[:2], direction, sequence, "tanh", weights[2])
    near(given[0], steps if sequence else steps[-1:])
    near(given[1], last[0])


def test_gru_of_one_value() -> None:
    # torch multiplies the reset gate with the product of state and weight, MIL with the state:
    # the same where both are single numbers. Gates: torch has reset, update, output.
    x, h, weight_ih, weight_hh, bias = (
        drawn(5, 2, 3),
        drawn(2, 1),
        drawn(3, 3),
        drawn(3, 1),
        drawn(3),
    )
    torch_gru = nn.GRU(3, 1).double()
    with torch.no_grad():
        for parameter, value in zip(
            torch_gru.parameters(), (weight_ih, weight_hh, bias, np.zeros(3)), strict=True
        ):
            parameter.copy_(torch.from_numpy(value[[0, 2, 1]]))
    steps, last = torch_gru(torch.from_numpy(x), torch.from_numpy(h)[None])
    given = RECURRENT["gru"](x, h, weight_ih, weight_hh, "forward", True, "sigmoid", "tanh", bias)
    near(given[0], steps)
    near(given[1], last[0])


@pytest.mark.parametrize("sequence", [True, False])
def test_bidirectional_lstm(sequence: bool) -> None:
    torch_lstm = nn.LSTM(3, 4, bidirectional=True).double()
    x, h, c = drawn(5, 2, 3), drawn(2, 8), drawn(2, 8)
    sides = [np.stack(np.split(state, 2, axis=1)) for state in (h, c)]
    steps, (last_h, last_c) = torch_lstm(
        torch.from_numpy(x), tuple(torch.from_numpy(side) for side in sides)
    )
    # Gates: torch has input, forget, cell, output.
    mil = np.r_[0:8, 12:16, 8:12]
    ih, hh, bias, recurrent, ih_back, hh_back, bias_back, recurrent_back = (
        parameter.detach().numpy()[mil] for parameter in torch_lstm.parameters()
    )
    given = RECURRENT["lstm"](
        x, h, c, ih, hh, "bidirectional", sequence, "sigmoid", "tanh", "tanh",
        bias + recurrent, ih_back, hh_back, bias_back + recurrent_back,
    )  # fmt: skip
    ends = torch.cat([steps[-1:, :, :4], steps[:1, :, 4:]], dim=-1)
    near(given[0], steps if sequence else ends)
    near(given[1], torch.cat([*last_h], dim=-1))
    near(given[2], torch.cat([*last_c], dim=-1))


@pytest.mark.parametrize(
    ("mode", "corners", "torch_mode"),
    [
        ("border", False, "border"),
        ("border", True, "border"),
        ("constant", False, "zeros"),
        ("reflection", True, "reflection"),
        ("symmetric", False, "reflection"),
    ],
)
def test_resample(mode: str, corners: bool, torch_mode: str) -> None:
    # torch reflects about the centres of the outer pixels if corners are aligned, else the edges.
    x, coordinates = drawn(2, 3, 4, 5), drawn(2, 6, 7, 2) * 2
    wanted = functional.grid_sample(
        *map(torch.from_numpy, (x, coordinates)), "bilinear", torch_mode, corners
    )
    near(
        RESAMPLED["resample"](
            x, coordinates, "bilinear", mode, 0.0, "normalized_minus_one_to_one", corners
        ),
        wanted,
    )
