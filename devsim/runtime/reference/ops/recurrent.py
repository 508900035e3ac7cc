"""Recurrent layers; time is the first dimension of ``x``.

A ``reverse`` layer gives its sequence in the order it computed it, the last time first, as Core ML
does; a ``bidirectional`` one gives both halves in the order of time. Inside, half precision is
computed in single: only results are rounded.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from devsim.runtime.reference.ops.registry import op

Activation = Callable[[Tensor], Tensor]

# Core ML's own parameters of the last two, which MIL cannot change.
_ACTIVATIONS: dict[str, Activation] = {
    "linear": lambda x: x,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "scaled_tanh": torch.tanh,
    "hard_sigmoid": lambda x: (0.2 * x + 0.5).clamp(0, 1),
}
_ACTIVATIONS["sigmoid_hard"] = _ACTIVATIONS["hard_sigmoid"]


@op("rnn")
def rnn(
    x: Tensor,
    initial_h: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias: Tensor | None = None,
    direction: str = "forward",
    output_sequence: bool = False,
    activation: str = "tanh",
) -> tuple[Tensor, Tensor]:
    """``h = activation(W_ih x + W_hh h + bias)``."""
    act = _activation(activation)
    hidden, h = _float(weight_hh), _initial(initial_h, x)
    history = []
    for given in _in_order(_inputs(x, weight_ih, bias), direction):
        h = act(given + F.linear(h, hidden))
        history.append(h)
    return _sequence(history, output_sequence), h


@op("gru")
def gru(
    x: Tensor,
    initial_h: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias: Tensor | None = None,
    direction: str = "forward",
    output_sequence: bool = False,
    recurrent_activation: str = "sigmoid",
    activation: str = "tanh",
    reset_after: bool = False,
    input_bias: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Gated recurrent unit; weights are stacked as reset, output, update.

    The reset gate acts on ``h``, or with ``reset_after`` on ``W_ho h + b_ho``.
    """
    gate, act = _activation(recurrent_activation), _activation(activation)
    to_reset, to_output, to_update = _float(weight_hh).chunk(3)
    b_reset, b_output, b_update = _bias(bias, weight_hh).chunk(3)
    h = _initial(initial_h, x)
    history = []
    for given in _in_order(_inputs(x, weight_ih, input_bias), direction):
        reset, output, update = given.chunk(3, -1)
        r = gate(reset + F.linear(h, to_reset, b_reset))
        z = gate(update + F.linear(h, to_update, b_update))
        if reset_after:
            o = act(output + r * F.linear(h, to_output, b_output))
        else:
            o = act(output + F.linear(r * h, to_output, b_output))
        h = (1 - z) * o + z * h
        history.append(h)
    return _sequence(history, output_sequence), h


@op("lstm")
def lstm(
    x: Tensor,
    initial_h: Tensor,
    initial_c: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias: Tensor | None = None,
    peephole: Tensor | None = None,
    weight_ih_back: Tensor | None = None,
    weight_hh_back: Tensor | None = None,
    bias_back: Tensor | None = None,
    peephole_back: Tensor | None = None,
    direction: str = "forward",
    output_sequence: bool = False,
    recurrent_activation: str = "sigmoid",
    cell_activation: str = "tanh",
    activation: str = "tanh",
    clip: float | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Long short-term memory; weights are stacked as input, forget, output, cell."""
    acts = tuple(_activation(name) for name in (recurrent_activation, cell_activation, activation))
    ahead = _Cell(weight_ih, weight_hh, bias, peephole, acts, clip)
    if direction != "bidirectional":
        history, h, c = ahead.over(x, initial_h, initial_c, direction)
        return _sequence(history, output_sequence), h, c
    if weight_ih_back is None or weight_hh_back is None:
        raise ValueError("a bidirectional layer needs weights for both directions")
    back = _Cell(weight_ih_back, weight_hh_back, bias_back, peephole_back, acts, clip)
    first_h, second_h = initial_h.chunk(2, -1)
    first_c, second_c = initial_c.chunk(2, -1)
    forward, forward_h, forward_c = ahead.over(x, first_h, first_c, "forward")
    backward, backward_h, backward_c = back.over(x, second_h, second_c, "reverse")
    h, c = torch.cat((forward_h, backward_h), -1), torch.cat((forward_c, backward_c), -1)
    if not output_sequence:
        return h[None], h, c
    both = (torch.stack(forward), torch.stack(backward[::-1]))
    return torch.cat(both, -1), h, c


@dataclass(frozen=True, slots=True)
class _Cell:
    """One direction of an LSTM."""

    weight_ih: Tensor
    weight_hh: Tensor
    bias: Tensor | None
    peephole: Tensor | None
    activations: tuple[Activation, ...]
    clip: float | None

    def over(
        self, x: Tensor, initial_h: Tensor, initial_c: Tensor, direction: str
    ) -> tuple[list[Tensor], Tensor, Tensor]:
        gate, of_cell, of_output = self.activations
        hidden = _float(self.weight_hh)
        h, c = _initial(initial_h, x), _initial(initial_c, x)
        peep = torch.zeros(3, 1) if self.peephole is None else _float(self.peephole).reshape(3, -1)
        history = []
        for given in _in_order(_inputs(x, self.weight_ih, self.bias), direction):
            enter, forget, output, cell = (given + F.linear(h, hidden)).chunk(4, -1)
            i, f = gate(enter + c * peep[0]), gate(forget + c * peep[1])
            c = f * c + i * of_cell(cell)
            if self.clip is not None:
                c = c.clamp(-self.clip, self.clip)
            h = gate(output + c * peep[2]) * of_output(c)
            history.append(h)
        return history, h, c


def _initial(state: Tensor, x: Tensor) -> Tensor:
    """An initial state with a row for every element of the batch.

    What coremltools makes of a packed sequence that lies batch first has as many rows as the
    sequence has steps, all of them zero. Rows that are alike serve a batch of any size.
    """
    rows, batch = state.shape[0], x.shape[1]
    if rows == batch:
        return _float(state)
    if rows == 0 or not bool((state == state[:1]).all()):
        raise ValueError(f"an initial state of {rows} different rows for a batch of {batch}")
    return _float(state[:1]).expand(batch, -1)


def _inputs(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """What the inputs add to every gate, for all times at once."""
    return F.linear(_float(x), _float(weight), None if bias is None else _float(bias))


def _in_order(times: Tensor, direction: str) -> tuple[Tensor, ...]:
    if direction not in ("forward", "reverse"):
        raise ValueError(f"direction '{direction}'")
    return times.unbind() if direction == "forward" else times.unbind()[::-1]


def _sequence(history: list[Tensor], whole: bool) -> Tensor:
    return torch.stack(history if whole else history[-1:])


def _bias(bias: Tensor | None, weight: Tensor) -> Tensor:
    return torch.zeros(weight.shape[0]) if bias is None else _float(bias)


def _activation(name: str) -> Activation:
    if name not in _ACTIVATIONS:
        raise ValueError(f"activation '{name}'")
    return _ACTIVATIONS[name]


def _float(x: Tensor) -> Tensor:
    return x.float()
