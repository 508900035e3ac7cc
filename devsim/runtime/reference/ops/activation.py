"""Activations."""

import torch
import torch.nn.functional as F
from torch import Tensor

from devsim.runtime.reference.ops.registry import op, plain

_GELU = {"EXACT": "none", "TANH_APPROXIMATION": "tanh"}


@op("clamped_relu")
def clamped_relu(x: Tensor, alpha: float, beta: float) -> Tensor:
    """``min(beta, x)`` where ``x >= 0``, ``min(beta, alpha * x)`` elsewhere."""
    return F.leaky_relu(x, alpha).clamp(max=beta)


@op("elu")
def elu(x: Tensor, alpha: float) -> Tensor:
    """``x`` where positive, ``alpha * (exp(x) - 1)`` elsewhere."""
    return F.elu(x, alpha)


@op("gelu")
def gelu(x: Tensor, mode: str = "EXACT") -> Tensor:
    """Gaussian error linear unit, exact or by one of MIL's two approximations."""
    if mode == "SIGMOID_APPROXIMATION":
        return x * torch.sigmoid(1.702 * x)
    return F.gelu(x, approximate=_GELU[mode])


@op("leaky_relu")
def leaky_relu(x: Tensor, alpha: float) -> Tensor:
    """``x`` where ``x >= 0``, ``alpha * x`` elsewhere."""
    return F.leaky_relu(x, alpha)


@op("linear_activation")
def linear_activation(x: Tensor, alpha: float, beta: float) -> Tensor:
    """``alpha * x + beta``."""
    return x * alpha + beta


@op("prelu")
def prelu(x: Tensor, alpha: Tensor) -> Tensor:
    """Leaky ReLU with a slope for each channel (dimension 1)."""
    return torch.where(x > 0, x, x * _of_channels(alpha, x))


@op("scaled_tanh")
def scaled_tanh(x: Tensor, alpha: float, beta: float) -> Tensor:
    """``alpha * tanh(beta * x)``."""
    return torch.tanh(x * beta) * alpha


@op("sigmoid_hard")
def sigmoid_hard(x: Tensor, alpha: float, beta: float) -> Tensor:
    """``alpha * x + beta`` bounded to ``[0, 1]``."""
    return (x * alpha + beta).clamp(0, 1)


@op("softmax")
def softmax(x: Tensor, axis: int = -1) -> Tensor:
    """Softmax along one axis."""
    return torch.softmax(x, axis)


@op("softplus_parametric")
def softplus_parametric(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    """``alpha * log(1 + exp(beta * x))`` with parameters for each channel (dimension 1)."""
    return _softplus(x * _of_channels(beta, x)) * _of_channels(alpha, x)


@op("thresholded_relu")
def thresholded_relu(x: Tensor, alpha: float) -> Tensor:
    """``x`` where ``x >= alpha``, 0 elsewhere."""
    return torch.where(x >= alpha, x, 0)


def _softplus(x: Tensor) -> Tensor:
    return F.relu(x) + torch.log1p(torch.exp(-x.abs()))


def _of_channels(parameter: Tensor, x: Tensor) -> Tensor:
    return parameter.reshape(-1, *[1] * (x.dim() - 2))


plain(
    {
        "relu": torch.relu,
        "relu6": F.relu6,
        "sigmoid": torch.sigmoid,
        "silu": F.silu,
        "softplus": _softplus,
        "softsign": F.softsign,
    },
    "x",
)
