"""Non-maximum suppression of boxes."""

import torch
from torch import Tensor

from devsim.runtime.reference.ops.registry import op


@op(
    "non_maximum_suppression",
    elements=lambda boxes, scores, iou, max_boxes, *_: boxes.shape[0] * max_boxes * 4,
)
def non_maximum_suppression(
    boxes: Tensor,
    scores: Tensor,
    iou_threshold: float,
    max_boxes: int,
    score_threshold: float | None = None,
    per_class_suppression: bool = False,
) -> tuple[Tensor, ...]:
    """The best boxes that overlap no better one of their class, or of any, too much.

    With a score threshold it is the form up to iOS 16: a box lies along the last dimension, the
    number of boxes that were kept comes as well, and the best box is kept whatever its score.
    Without one a box lies along the middle dimension. Missing boxes have the index -1.
    """
    early = score_threshold is not None
    if not early:
        boxes, scores = boxes.transpose(1, 2), scores.transpose(1, 2)
    kept = [
        _kept(*image, iou_threshold, score_threshold, per_class_suppression)[:max_boxes]
        for image in zip(boxes, scores, strict=True)
    ]
    indices = torch.full((len(kept), max_boxes), -1)
    for row, chosen in zip(indices, kept, strict=True):
        row[: len(chosen)] = torch.tensor(chosen)
    chosen_boxes, chosen_scores = _picked(boxes, indices), _picked(scores, indices)
    if early:
        counts = torch.tensor([len(chosen) for chosen in kept])
        return chosen_boxes, chosen_scores, indices, counts
    return chosen_boxes.transpose(1, 2), chosen_scores.transpose(1, 2), indices


def _kept(
    boxes: Tensor, scores: Tensor, limit: float, least: float | None, per_class: bool
) -> list[int]:
    """The indices of the boxes that one image keeps, best first."""
    best, classes = scores.max(-1)
    order = torch.argsort(best, descending=True, stable=True)
    overlaps = _overlaps(boxes.double()) > limit
    if per_class:
        overlaps &= classes[:, None] == classes[None, :]
    candidates = order if least is None else order[best[order] > least]
    kept: list[int] = []
    for index in candidates.tolist():
        if not overlaps[index, kept].any():
            kept.append(index)
    return kept or order[:1].tolist()


def _overlaps(boxes: Tensor) -> Tensor:
    """Intersection over union of every pair; a box is its centre and its size, width first."""
    low, high = boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2
    shared = torch.minimum(high[:, None], high[None]) - torch.maximum(low[:, None], low[None])
    common = shared.clamp(min=0).prod(-1)
    area = boxes[:, 2:].prod(-1)
    whole = area[:, None] + area[None] - common
    # Boxes without an area overlap nothing.
    return torch.where(whole > 0, common / whole, 0)


def _picked(x: Tensor, indices: Tensor) -> Tensor:
    """Rows of every image by index, zeros for -1."""
    rows = x[torch.arange(len(x))[:, None], indices.clamp(min=0)]
    return rows.where((indices >= 0)[..., None], 0)
