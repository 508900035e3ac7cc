"""Images sampled at points: affine transforms, resampling, and boxes cut out and resized."""

import math

import torch
from torch import Tensor

from devsim.runtime.reference.ops.registry import op
from devsim.runtime.reference.ops.resizing import grid


@op(
    "affine",
    elements=lambda x, matrix, height, width, *_: math.prod(x.shape[:2]) * height * width,
)
def affine(
    x: Tensor,
    transform_matrix: Tensor,
    output_height: int,
    output_width: int,
    sampling_mode: str,
    padding_mode: str,
    padding_value: float,
    coordinates_mode: str,
    align_corners: bool,
) -> Tensor:
    """Every element of the result taken from the place that a linear map of its own gives."""
    rows, columns = torch.meshgrid(_extent(output_height), _extent(output_width), indexing="ij")
    own = torch.stack((columns, rows, torch.ones_like(rows)), -1)
    places = torch.einsum("hwk,bjk->bhwj", own, transform_matrix.double().reshape(-1, 2, 3))
    return resample(
        x, places.expand(x.shape[0], *places.shape[1:]), sampling_mode, padding_mode,
        padding_value, coordinates_mode, align_corners,
    )  # fmt: skip


@op("resample")
def resample(
    x: Tensor,
    coordinates: Tensor,
    sampling_mode: str,
    padding_mode: str,
    padding_value: float,
    coordinates_mode: str,
    align_corners: bool,
) -> Tensor:
    """``x`` at the places that ``coordinates``, [B, H, W, 2], names as (column, row)."""
    columns, rows = (
        _padded(_pixels(place, size, coordinates_mode, align_corners), size, padding_mode)
        for place, size in zip(
            coordinates.double().unbind(-1), (x.shape[3], x.shape[2]), strict=True
        )
    )
    if sampling_mode == "nearest":
        rows, columns = rows.round(), columns.round()
    outside = padding_value if padding_mode == "constant" else None
    return _sampled(x, rows, columns, outside)


def _crop_elements(x: Tensor, roi: Tensor | None, height: int, width: int, *rest: object) -> int:
    boxes = rest[-2] if roi is None else roi
    if not isinstance(boxes, Tensor):
        raise TypeError("the boxes are not a tensor")
    return math.prod(x.shape[:2]) * boxes.shape[0] * height * width


@op("crop_resize", elements=_crop_elements)
def crop_resize(
    x: Tensor,
    roi: Tensor | None = None,
    target_height: int = 1,
    target_width: int = 1,
    normalized_coordinates: bool = False,
    spatial_scale: float = 1.0,
    box_coordinate_mode: str = "CORNERS_HEIGHT_FIRST",
    sampling_mode: str = "DEFAULT",
    pad_value: float = 0.0,
    boxes: Tensor | None = None,
    box_indices: Tensor | None = None,
) -> Tensor:
    """Boxes cut out of images and resized; a point outside its image has the padding's value.

    Up to iOS 16 ``roi`` holds the boxes, with or without the image of each, and the result has a
    dimension for the images; from iOS 17 on ``boxes`` and ``box_indices`` do, and it has none.
    """
    places, images = _boxes_and_images(x, roi, boxes, box_indices)
    sizes = torch.tensor((x.shape[2], x.shape[3])) - 1 if normalized_coordinates else 1
    starts, ends = _corners(places.double(), box_coordinate_mode)
    starts, ends = starts * spatial_scale * sizes, ends * spatial_scale * sizes
    rows = _lines(starts[:, 0], ends[:, 0], target_height, sampling_mode)
    columns = _lines(starts[:, 1], ends[:, 1], target_width, sampling_mode)
    inside = _within(rows, x.shape[2])[:, :, None] & _within(columns, x.shape[3])[:, None, :]
    shape = inside.shape
    rows, columns = rows[:, :, None].expand(shape), columns[:, None, :].expand(shape)
    crops = [
        _sampled(x[images[:, i]], rows, columns, None).where(inside[:, None], pad_value)
        for i in range(images.shape[1])
    ]
    return crops[0] if roi is None else torch.stack(crops, 1)


def _boxes_and_images(
    x: Tensor, roi: Tensor | None, boxes: Tensor | None, box_indices: Tensor | None
) -> tuple[Tensor, Tensor]:
    """The boxes, [N, 4], and which images each is cut from, [N, images]."""
    if boxes is not None:
        own = torch.arange(len(boxes)) if box_indices is None else box_indices.long()
        return boxes, own[:, None]
    if roi is None:
        raise ValueError("there are no boxes")
    flat = roi.reshape(roi.shape[0], -1)
    if flat.shape[1] == 5:
        return flat[:, 1:], flat[:, :1].long()
    return flat, torch.arange(x.shape[0]).expand(len(flat), -1)


def _corners(boxes: Tensor, mode: str) -> tuple[Tensor, Tensor]:
    """Where boxes begin and end, each as (row, column)."""
    first, second = boxes[:, :2], boxes[:, 2:]
    if mode.endswith("_WIDTH_FIRST"):
        first, second = first.flip(1), second.flip(1)
    if mode.startswith("CORNERS_"):
        return first, second
    if mode.startswith("CENTER_SIZE_"):
        return first - second / 2, first + second / 2
    raise ValueError(f"there is no box_coordinate_mode '{mode}'")


def _lines(starts: Tensor, ends: Tensor, target: int, mode: str) -> Tensor:
    """Where in the image the rows, or columns, of every resized box lie: [N, target]."""
    lines = [
        start + math.copysign(1, end - start) * grid(abs(end - start) + 1, target, mode)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    ]
    return torch.stack(lines)


def _within(places: Tensor, size: int) -> Tensor:
    return (places >= 0) & (places <= size - 1)


def _extent(size: int) -> Tensor:
    return torch.linspace(-1, 1, size, dtype=torch.float64)


def _pixels(place: Tensor, size: int, mode: str, align_corners: bool) -> Tensor:
    """Coordinates as numbers of pixels from the first."""
    if mode == "unnormalized":
        return place
    if mode not in ("normalized_minus_one_to_one", "normalized_zero_to_one"):
        raise ValueError(f"there is no coordinates_mode '{mode}'")
    share = place if mode == "normalized_zero_to_one" else (place + 1) / 2
    return share * (size - 1) if align_corners else share * size - 0.5


def _padded(place: Tensor, size: int, mode: str) -> Tensor:
    """Places outside moved to where the padding takes its values from."""
    if mode == "constant":
        return place
    if mode == "reflection":
        place = _mirrored(place, 0, size - 1)
    elif mode == "symmetric":
        place = _mirrored(place, -0.5, size - 0.5)
    elif mode != "border":
        raise ValueError(f"there is no padding_mode '{mode}'")
    return place.clamp(0, size - 1)


def _mirrored(place: Tensor, low: float, high: float) -> Tensor:
    if high == low:
        return torch.full_like(place, low)
    span = high - low
    return low + span - ((place - low).remainder(2 * span) - span).abs()


def _sampled(x: Tensor, rows: Tensor, columns: Tensor, outside: float | None) -> Tensor:
    """[B, C, H, W] at fractional places, [B, h, w]; linear between the four around each.

    What lies outside counts as ``outside``, or as the nearest inside when that is None.
    """
    batch = torch.arange(x.shape[0])[:, None, None]
    result = torch.zeros(*rows.shape, x.shape[1], dtype=torch.float64)
    for row, row_share in _around(rows):
        for column, column_share in _around(columns):
            inside = _within(row, x.shape[2]) & _within(column, x.shape[3])
            near = (row.clamp(0, x.shape[2] - 1).long(), column.clamp(0, x.shape[3] - 1).long())
            value = x[batch, :, *near].double()
            if outside is not None:
                value = value.where(inside[..., None], outside)
            result += value * (row_share * column_share)[..., None]
    return result.movedim(-1, 1)


def _around(place: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """The whole places before and after a fractional one, and the share of each."""
    before = place.floor()
    share = place - before
    return (before, 1 - share), (before + 1, share)
