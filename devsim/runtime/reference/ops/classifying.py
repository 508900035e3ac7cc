"""The last operation of a classifier."""

from torch import Tensor

from devsim.runtime.reference.ops.registry import Opaque, op


@op("classify")
def classify(probabilities: Tensor, classes: Opaque) -> tuple[Opaque, Tensor]:
    """The class of the largest probability, and all of them in the order of the classes."""
    flat = probabilities.reshape(-1)
    if flat.numel() != len(classes):
        raise ValueError(f"{flat.numel()} probabilities of {len(classes)} classes")
    return classes[int(flat.argmax())], flat
