"""Recurrent layers against torch's own, and against the definition where torch has none."""

from itertools import product
from pathlib import Path
from typing import Any

import coremltools as ct
import mil_packages
import numpy as np
import pytest
import torch
from mil_packages import mb
from torch import Tensor, nn

from devsim.runtime.reference import ReferenceRuntime
from devsim.runtime.reference.ops.recurrent import gru, lstm, rnn

TIMES, BATCH, WIDTH, HIDDEN = 4, 2, 3, 5
X = np.random.default_rng(1).standard_normal((TIMES, BATCH, WIDTH)).astype(np.float32)
H = np.random.default_rng(2).standard_normal((BATCH, 2 * HIDDEN)).astype(np.float32)
C = np.random.default_rng(3).standard_normal((BATCH, 2 * HIDDEN)).astype(np.float32)
LAYERS = list(product(["forward", "reverse"], [True, False], [True, False]))


def _layer(kind: type[nn.RNNBase], **options: Any) -> dict[str, np.ndarray]:
    torch.manual_seed(4)
    layer = kind(WIDTH, HIDDEN, **options)
    return {name: value.detach().numpy() for name, value in layer.state_dict().items()}


def _torch(kind: type[nn.RNNBase], x: np.ndarray, *states: np.ndarray, **options: Any) -> Any:
    torch.manual_seed(4)
    layer = kind(WIDTH, HIDDEN, **options)
    given = [torch.from_numpy(s).unflatten(1, (-1, HIDDEN)).transpose(0, 1) for s in states]
    with torch.no_grad():
        output, ended = layer(
            torch.from_numpy(x), tuple(given) if len(given) > 1 else given[0].contiguous()
        )
    ended = ended if isinstance(ended, tuple) else (ended,)
    return output.numpy(), [e.transpose(0, 1).flatten(1).numpy() for e in ended]


def _reordered(stacked: np.ndarray, order: list[int]) -> np.ndarray:
    parts = np.split(stacked, len(order))
    return np.concatenate([parts[place] for place in order])


def _run(tmp_path: Path, build: Any, x: np.ndarray = X) -> list[np.ndarray]:
    loaded = ReferenceRuntime().load(mil_packages.save(tmp_path, build, {"x": x}))
    return list(loaded.predict({"x": x}).values())


def _same(actual: list[np.ndarray], output: np.ndarray, states: list[np.ndarray]) -> None:
    for result, truth in zip(actual, [output, *states], strict=True):
        np.testing.assert_allclose(result, truth, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("direction", "whole", "bias"), LAYERS)
def test_rnn(tmp_path: Path, direction: str, whole: bool, bias: bool) -> None:
    w = _layer(nn.RNN, bias=bias)
    biases = {"bias": w["bias_ih_l0"] + w["bias_hh_l0"]} if bias else {}

    def build(x: Any) -> Any:
        return mb.rnn(
            x=x, initial_h=H[:, :HIDDEN], weight_ih=w["weight_ih_l0"],
            weight_hh=w["weight_hh_l0"], direction=direction, output_sequence=whole, **biases,
        )  # fmt: skip

    given = X if direction == "forward" else X[::-1].copy()
    output, states = _torch(nn.RNN, given, H[:, :HIDDEN], bias=bias)
    _same(_run(tmp_path, build), output if whole else output[-1:], states)


@pytest.mark.parametrize(("direction", "whole", "bias"), LAYERS)
def test_gru(tmp_path: Path, direction: str, whole: bool, bias: bool) -> None:
    w = _layer(nn.GRU, bias=bias)
    order = [0, 2, 1]  # torch: reset, update, new
    biases = {}
    if bias:
        biases = {
            "bias": _reordered(w["bias_hh_l0"], order),
            "input_bias": _reordered(w["bias_ih_l0"], order),
        }

    def build(x: Any) -> Any:
        return mb.gru(
            x=x, initial_h=H[:, :HIDDEN], weight_ih=_reordered(w["weight_ih_l0"], order),
            weight_hh=_reordered(w["weight_hh_l0"], order), reset_after=True,
            direction=direction, output_sequence=whole, **biases,
        )  # fmt: skip

    given = X if direction == "forward" else X[::-1].copy()
    output, states = _torch(nn.GRU, given, H[:, :HIDDEN], bias=bias)
    _same(_run(tmp_path, build), output if whole else output[-1:], states)


def test_gru_resets_before_the_product_by_default() -> None:
    rng = np.random.default_rng(5)
    wi, wh = rng.standard_normal((3, HIDDEN, WIDTH)), rng.standard_normal((3, HIDDEN, HIDDEN))
    b = rng.standard_normal((3, HIDDEN))
    h = H[:, :HIDDEN].astype(np.float64)
    for x in X.astype(np.float64):
        r = 1 / (1 + np.exp(-(x @ wi[0].T + h @ wh[0].T + b[0])))
        z = 1 / (1 + np.exp(-(x @ wi[2].T + h @ wh[2].T + b[2])))
        o = np.tanh(x @ wi[1].T + (r * h) @ wh[1].T + b[1])
        h = (1 - z) * o + z * h
    flat = [torch.from_numpy(each.reshape(3 * HIDDEN, -1)) for each in (wi, wh)]
    output, last = gru(
        torch.from_numpy(X), torch.from_numpy(H[:, :HIDDEN]), *flat, torch.from_numpy(b.ravel())
    )
    np.testing.assert_allclose(last.numpy(), h, rtol=1e-4)
    assert torch.equal(output[0], last)


@pytest.mark.parametrize(("direction", "whole", "bias"), LAYERS)
def test_lstm(tmp_path: Path, direction: str, whole: bool, bias: bool) -> None:
    w = _layer(nn.LSTM, bias=bias)
    order = [0, 1, 3, 2]  # torch: input, forget, cell, output
    biases = {}
    if bias:
        biases = {"bias": _reordered(w["bias_ih_l0"] + w["bias_hh_l0"], order)}

    def build(x: Any) -> Any:
        return mb.lstm(
            x=x, initial_h=H[:, :HIDDEN], initial_c=C[:, :HIDDEN],
            weight_ih=_reordered(w["weight_ih_l0"], order),
            weight_hh=_reordered(w["weight_hh_l0"], order),
            direction=direction, output_sequence=whole, **biases,
        )  # fmt: skip

    given = X if direction == "forward" else X[::-1].copy()
    output, states = _torch(nn.LSTM, given, H[:, :HIDDEN], C[:, :HIDDEN], bias=bias)
    _same(_run(tmp_path, build), output if whole else output[-1:], states)


@pytest.mark.parametrize("whole", [True, False])
def test_bidirectional_lstm(tmp_path: Path, whole: bool) -> None:
    w = _layer(nn.LSTM, bidirectional=True)
    order = [0, 1, 3, 2]
    sides = {}
    for suffix, side in (("", ""), ("_reverse", "_back")):
        for part in ("weight_ih", "weight_hh"):
            sides[part + side] = _reordered(w[f"{part}_l0{suffix}"], order)
        both = w[f"bias_ih_l0{suffix}"] + w[f"bias_hh_l0{suffix}"]
        sides["bias" + side] = _reordered(both, order)

    def build(x: Any) -> Any:
        return mb.lstm(
            x=x, initial_h=H, initial_c=C, direction="bidirectional", output_sequence=whole, **sides
        )

    output, states = _torch(nn.LSTM, X, H, C, bidirectional=True)
    _same(_run(tmp_path, build), output if whole else states[0][None], states)


def test_lstm_peephole_clip_and_activations() -> None:
    """By the definition; torch's layer has none of these."""
    rng = np.random.default_rng(6)
    wi, wh = rng.standard_normal((4, HIDDEN, WIDTH)), rng.standard_normal((4, HIDDEN, HIDDEN))
    p = rng.standard_normal((3, HIDDEN))
    h, c = H[:, :HIDDEN].astype(np.float64), C[:, :HIDDEN].astype(np.float64)

    def hard(x: np.ndarray) -> np.ndarray:
        return np.clip(0.2 * x + 0.5, 0, 1)

    for x in X.astype(np.float64):
        parts = [x @ wi[k].T + h @ wh[k].T for k in range(4)]
        i, f = hard(parts[0] + c * p[0]), hard(parts[1] + c * p[1])
        c = np.clip(f * c + i * np.maximum(parts[3], 0), -0.7, 0.7)
        h = hard(parts[2] + c * p[2]) * c
    flat = [torch.from_numpy(each.reshape(4 * HIDDEN, -1)) for each in (wi, wh)]
    states = [torch.from_numpy(each[:, :HIDDEN]) for each in (H, C)]
    _, last_h, last_c = lstm(
        torch.from_numpy(X), *states, *flat, peephole=torch.from_numpy(p.ravel()), clip=0.7,
        recurrent_activation="hard_sigmoid", cell_activation="relu", activation="linear",
    )  # fmt: skip
    np.testing.assert_allclose(last_c.numpy(), c, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(last_h.numpy(), h, rtol=1e-4, atol=1e-5)


def test_half_precision_rounds_results_only(tmp_path: Path) -> None:
    w = {name: value.astype(np.float16) for name, value in _layer(nn.RNN).items()}

    def build(x: Any) -> Any:
        return mb.rnn(
            x=x, initial_h=H[:, :HIDDEN].astype(np.float16), weight_ih=w["weight_ih_l0"],
            weight_hh=w["weight_hh_l0"], output_sequence=True,
        )  # fmt: skip

    half = X.astype(np.float16)
    output, last = _run(tmp_path, build, half)
    exact = rnn(*(torch.from_numpy(t).float() for t in (
        half, H[:, :HIDDEN].astype(np.float16), w["weight_ih_l0"], w["weight_hh_l0"],
    )), output_sequence=True)  # fmt: skip
    assert output.dtype == np.float16
    assert [output.tolist(), last.tolist()] == [each.half().tolist() for each in exact]


@pytest.mark.parametrize("wrong", [{"direction": "sideways"}, {"activation": "softmax"}])
def test_unknown_names(wrong: dict[str, str]) -> None:
    weights = (Tensor([[1.0]]), Tensor([[1.0]]))
    with pytest.raises(ValueError, match=next(iter(wrong.values()))):
        rnn(torch.zeros(1, 1, 1), torch.zeros(1, 1), *weights, **wrong)


@pytest.mark.parametrize("lengths", [[4, 2, 1], [2, 2, 1]])
def test_a_packed_sequence_whose_initial_state_has_a_row_for_every_time(
    tmp_path: Path, lengths: list[int]
) -> None:
    torch.manual_seed(6)

    class Packed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(WIDTH, HIDDEN, batch_first=True)

        def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
            packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
            output, _ = self.lstm(packed)
            return nn.utils.rnn.pad_packed_sequence(output, batch_first=True, total_length=4)[0]

    given = torch.randn(3, 4, WIDTH), torch.tensor(lengths, dtype=torch.int32)
    model = Packed().eval()
    path = tmp_path / "packed.mlpackage"
    ct.convert(
        torch.jit.trace(model, given),
        inputs=[
            ct.TensorType("x", given[0].shape),
            ct.TensorType("lengths", (3,), np.int32),
        ],
        compute_precision=ct.precision.FLOAT32,
        skip_model_load=True,
    ).save(str(path))
    arrays = {"x": given[0].numpy(), "lengths": given[1].numpy()}
    (result,) = ReferenceRuntime().load(path).predict(arrays).values()
    with torch.no_grad():
        expected = model(*given).numpy()
    np.testing.assert_allclose(result[:, : max(lengths)], expected[:, : max(lengths)], atol=1e-6)


@pytest.mark.parametrize("layer", [rnn, gru, lstm])
def test_an_initial_state_is_of_the_batch_or_of_rows_alike(layer: Any) -> None:
    gates = {rnn: 1, gru: 3, lstm: 4}[layer]
    weights = torch.ones(gates * HIDDEN, WIDTH), torch.ones(gates * HIDDEN, HIDDEN)
    x = torch.from_numpy(X)
    states = 2 if layer is lstm else 1
    alike = [torch.ones(7, HIDDEN)] * states
    assert layer(x, *alike, *weights)[1].shape == (BATCH, HIDDEN)
    different = [torch.arange(7.0 * HIDDEN).reshape(7, HIDDEN)] * states
    with pytest.raises(ValueError, match="7 different rows for a batch of 2"):
        layer(x, *different, *weights)
