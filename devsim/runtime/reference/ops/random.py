"""Random numbers: with a seed of zero or more the same at every predict, else new ones.

They follow the distribution that MIL asks for; the numbers themselves are torch's, not Core ML's.
"""

import math

import torch
from torch import Generator, Tensor

from devsim.runtime.reference.ops.registry import Ints, op


def _in_shape(shape: Ints, *_: object) -> int:
    return math.prod(shape)


@op("random_normal", elements=_in_shape)
def random_normal(shape: Ints, mean: float = 0.0, stddev: float = 1.0, seed: int = -1) -> Tensor:
    """Normally distributed."""
    return torch.randn(shape, generator=_generator(seed)) * stddev + mean


@op("random_uniform", elements=_in_shape)
def random_uniform(shape: Ints, low: float = 0.0, high: float = 1.0, seed: int = -1) -> Tensor:
    """Uniform in ``[low, high)``."""
    return torch.rand(shape, generator=_generator(seed)) * (high - low) + low


@op("random_bernoulli", elements=_in_shape)
def random_bernoulli(shape: Ints, prob: float = 0.5, seed: int = -1) -> Tensor:
    """One with probability ``prob``, else zero."""
    return (torch.rand(shape, generator=_generator(seed)) < prob).float()


def _draws(x: Tensor, _mode: str, size: int, *_: object) -> int:
    return x.numel() // max(x.shape[-1], 1) * size


@op("random_categorical", elements=_draws)
def random_categorical(x: Tensor, mode: str = "logits", size: int = 1, seed: int = -1) -> Tensor:
    """Indices into the last dimension, drawn with replacement by its logits or probabilities."""
    if mode not in ("logits", "probs"):
        raise ValueError(f"mode '{mode}'")
    weights = x.float() if mode == "probs" else torch.softmax(x.float(), -1)
    rows = weights.reshape(-1, x.shape[-1])
    drawn = torch.multinomial(rows, size, replacement=True, generator=_generator(seed))
    return drawn.reshape(*x.shape[:-1], size)


def _generator(seed: int) -> Generator:
    generator = Generator()
    if seed >= 0:
        generator.manual_seed(seed)
    else:
        generator.seed()
    return generator
