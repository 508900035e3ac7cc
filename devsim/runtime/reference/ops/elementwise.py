"""Element-wise operations of one and of two tensors."""

import torch
from torch import Tensor

from devsim.runtime.reference.ops.registry import op, plain


@op("identity")
def identity(x: Tensor) -> Tensor:
    """The tensor itself."""
    return x


@op("inverse")
def inverse(x: Tensor, epsilon: float = 1e-4) -> Tensor:
    """``1 / (x + epsilon)``."""
    return torch.reciprocal(x + epsilon)


@op("log")
def log(x: Tensor, epsilon: float = 1e-45) -> Tensor:
    """``log(x + epsilon)``."""
    return torch.log(x + epsilon)


@op("rsqrt")
def rsqrt(x: Tensor, epsilon: float = 1e-12) -> Tensor:
    """``1 / sqrt(x + epsilon)``."""
    return torch.rsqrt(x + epsilon)


@op("clip")
def clip(x: Tensor, alpha: float, beta: float) -> Tensor:
    """``x`` bounded to ``[alpha, beta]``."""
    return torch.clamp(x, alpha, beta)


@op("threshold")
def threshold(x: Tensor, alpha: float) -> Tensor:
    """``max(x, alpha)``."""
    return torch.clamp(x, min=alpha)


@op("real_div")
def real_div(x: Tensor, y: Tensor) -> Tensor:
    """``x / y``; of integers, rounded towards zero."""
    return x / y if x.is_floating_point() else torch.div(x, y, rounding_mode="trunc")


@op("select")
def select(cond: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """``a`` where ``cond``, else ``b``."""
    return torch.where(cond.bool(), a, b)


plain(
    {
        "abs": torch.abs,
        "acos": torch.acos,
        "asin": torch.asin,
        "atan": torch.atan,
        "atanh": torch.atanh,
        "ceil": torch.ceil,
        "cos": torch.cos,
        "cosh": torch.cosh,
        "erf": torch.erf,
        "exp": torch.exp,
        "exp2": torch.exp2,
        "floor": torch.floor,
        "logical_not": torch.logical_not,
        "round": torch.round,
        "sign": torch.sign,
        "sin": torch.sin,
        "sinh": torch.sinh,
        "sqrt": torch.sqrt,
        "square": torch.square,
        "tan": torch.tan,
        "tanh": torch.tanh,
    },
    "x",
)
plain(
    {
        "add": torch.add,
        "equal": torch.eq,
        "floor_div": torch.floor_divide,
        "greater": torch.gt,
        "greater_equal": torch.ge,
        "less": torch.lt,
        "less_equal": torch.le,
        "logical_and": torch.logical_and,
        "logical_or": torch.logical_or,
        "logical_xor": torch.logical_xor,
        "maximum": torch.maximum,
        "minimum": torch.minimum,
        "mod": torch.remainder,
        "mul": torch.mul,
        "not_equal": torch.ne,
        "pow": torch.pow,
        "sub": torch.sub,
    },
    "x",
    "y",
)
