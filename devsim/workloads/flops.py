"""What one compute of a block costs, counted from shapes alone."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from devsim.core.manifest import Port

_TYPES = {"float32": torch.float32, "float16": torch.float16, "int32": torch.int32}
# Products of two activations; a product with weights is one matrix for the whole batch.
_ATTENTION = ("bmm", "baddbmm", "attention")


class Flops(NamedTuple):
    """FLOPs by what they are of; a multiply-add counts as two, and other operations not at all."""

    attention: int
    linear: int
    convolution: int

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self)


def count_flops(module: nn.Module, inputs: Sequence[Port]) -> Flops:
    """FLOPs of one forward of a module, on the ``meta`` device or not; nothing is computed."""
    tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    empty = {name: tensor.to("meta") for name, tensor in tensors.items()}
    arguments = tuple(
        torch.zeros(port.shape, dtype=_TYPES[port.dtype], device="meta") for port in inputs
    )
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        torch.func.functional_call(module, empty, arguments)
    counts = {"attention": 0, "linear": 0, "convolution": 0}
    for operation, flops in counter.get_flop_counts().get("Global", {}).items():
        name = str(operation)
        if "conv" in name:
            counts["convolution"] += int(flops)
        elif any(word in name for word in _ATTENTION):
            counts["attention"] += int(flops)
        else:
            counts["linear"] += int(flops)
    return Flops(**counts)
