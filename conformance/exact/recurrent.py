"""Recurrent networks in float64, by the formulas in coremltools' documentation of them.

Throughout, s steps, b sequences, I inputs and H hidden values: x [s, b, I], states [b, H].
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Activation = Callable[[Array], Array]

_ACTIVATIONS: Mapping[str, Activation] = {
    "tanh": np.tanh,
    "sigmoid": lambda x: 1.0 / (1.0 + np.exp(-x)),
}
_ORDER = {"forward": slice(None), "reverse": slice(None, None, -1)}


def _rnn(
    x: Array,
    initial_h: Array,
    weight_ih: Array,
    weight_hh: Array,
    direction: str,
    output_sequence: bool,
    activation: str,
    bias: Array | None = None,
) -> tuple[Array, Array]:
    act = _ACTIVATIONS[activation]
    h, steps = initial_h, []
    for given in x[_ORDER[direction]] @ weight_ih.T + (0.0 if bias is None else bias):
        h = act(given + h @ weight_hh.T)
        steps.append(h)
    return np.stack(steps if output_sequence else steps[-1:]), h


def _gru(
    x: Array,
    initial_h: Array,
    weight_ih: Array,
    weight_hh: Array,
    direction: str,
    output_sequence: bool,
    recurrent_activation: str,
    activation: str,
    bias: Array | None = None,
) -> tuple[Array, Array]:
    """Gates in the order reset, output, update; the reset gate acts on the state."""
    gate, act = _ACTIVATIONS[recurrent_activation], _ACTIVATIONS[activation]
    reset, output, update = np.split(weight_hh, 3)
    h, steps = initial_h, []
    for given in x[_ORDER[direction]] @ weight_ih.T + (0.0 if bias is None else bias):
        to_reset, to_output, to_update = np.split(given, 3, axis=-1)
        r = gate(to_reset + h @ reset.T)
        z = gate(to_update + h @ update.T)
        h = (1.0 - z) * act(to_output + (r * h) @ output.T) + z * h
        steps.append(h)
    return np.stack(steps if output_sequence else steps[-1:]), h


def _lstm(
    x: Array,
    initial_h: Array,
    initial_c: Array,
    weight_ih: Array,
    weight_hh: Array,
    direction: str,
    output_sequence: bool,
    recurrent_activation: str,
    cell_activation: str,
    activation: str,
    bias: Array | None = None,
    weight_ih_back: Array | None = None,
    weight_hh_back: Array | None = None,
    bias_back: Array | None = None,
) -> tuple[Array, Array, Array]:
    """Of a bidirectional one states and results are forward and backward beside each other."""
    acts = [_ACTIVATIONS[name] for name in (recurrent_activation, cell_activation, activation)]
    if direction != "bidirectional":
        passed = _lstm_pass(x[_ORDER[direction]], initial_h, initial_c, weight_ih, weight_hh, bias,
                            acts)  # fmt: skip
        return _last_only(passed, output_sequence)
    (h, h_back), (c, c_back) = np.split(initial_h, 2, axis=-1), np.split(initial_c, 2, axis=-1)
    if weight_ih_back is None or weight_hh_back is None:
        raise TypeError("bidirectional without weights of both directions")
    there = _lstm_pass(x, h, c, weight_ih, weight_hh, bias, acts)
    back = _lstm_pass(x[::-1], h_back, c_back, weight_ih_back, weight_hh_back, bias_back, acts)
    if output_sequence:
        back = (back[0][::-1], *back[1:])
    sides = zip(_last_only(there, output_sequence), _last_only(back, output_sequence), strict=True)
    sequence, last_h, last_c = (np.concatenate(pair, axis=-1) for pair in sides)
    return sequence, last_h, last_c


def _lstm_pass(
    x: Array,
    h: Array,
    c: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias: Array | None,
    activations: list[Activation],
) -> tuple[Array, Array, Array]:
    """Gates in the order input, forget, output, cell."""
    gate, cell, act = activations
    steps = []
    for given in x @ weight_ih.T + (0.0 if bias is None else bias):
        i, f, o, z = np.split(given + h @ weight_hh.T, 4, axis=-1)
        c = gate(f) * c + gate(i) * cell(z)
        h = gate(o) * act(c)
        steps.append(h)
    return np.stack(steps), h, c


def _last_only(
    passed: tuple[Array, Array, Array], output_sequence: bool
) -> tuple[Array, Array, Array]:
    sequence, h, c = passed
    return sequence if output_sequence else h[np.newaxis], h, c


RECURRENT: Mapping[str, Callable[..., tuple[Array, ...]]] = {
    "rnn": _rnn,
    "gru": _gru,
    "lstm": _lstm,
}
