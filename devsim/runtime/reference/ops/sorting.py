"""Orders and extremes along an axis."""

import torch
from torch import Tensor

from devsim.runtime.reference.ops.registry import op


@op("argsort")
def argsort(x: Tensor, axis: int = -1, ascending: bool = False) -> Tensor:
    """The indices that sort along an axis; equal elements keep their order."""
    return torch.argsort(x, dim=axis, descending=not ascending, stable=True)


@op("topk")
def topk(
    x: Tensor,
    k: int = 1,
    axis: int = -1,
    ascending: bool = False,
    sort: bool = True,
    return_indices: bool = True,
    output_indices_dtype: str = "int32",
) -> Tensor | tuple[Tensor, Tensor]:
    """The largest (or smallest) elements along an axis, in order, and where they are."""
    count = x.shape[axis] if k == -1 else k
    order = torch.argsort(x, dim=axis, descending=not ascending, stable=True)
    places = order.narrow(axis, 0, count)
    values = torch.gather(x, axis, places)
    return (values, places) if return_indices else values
