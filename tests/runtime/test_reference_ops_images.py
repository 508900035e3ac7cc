"""Sampling of images and suppression of boxes, against torch or a hand-made result."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from devsim.runtime.reference.ops.detection import non_maximum_suppression
from devsim.runtime.reference.ops.sampling import affine, crop_resize, resample

IMAGE = torch.randn(2, 3, 5, 4, generator=torch.Generator().manual_seed(3))
PLACES = 3 * torch.rand(2, 6, 7, 2, generator=torch.Generator().manual_seed(4)) - 1.5
RAMP = torch.arange(1.0, 17.0).reshape(1, 1, 4, 4)


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize(
    ("padding", "theirs"),
    [
        ("constant", "zeros"),
        ("border", "border"),
    ],
)
@pytest.mark.parametrize("sampling", ["bilinear", "nearest"])
def test_resample_is_grid_sample(sampling: str, padding: str, theirs: str, aligned: bool) -> None:
    ours = resample(IMAGE, PLACES, sampling, padding, 0.0, "normalized_minus_one_to_one", aligned)
    wanted = F.grid_sample(IMAGE, PLACES, sampling, theirs, aligned)
    torch.testing.assert_close(ours.float(), wanted)


@pytest.mark.parametrize(("padding", "aligned"), [("reflection", True), ("symmetric", False)])
def test_resample_reflects_as_grid_sample(padding: str, aligned: bool) -> None:
    ours = resample(IMAGE, PLACES, "bilinear", padding, 0.0, "normalized_minus_one_to_one", aligned)
    wanted = F.grid_sample(IMAGE, PLACES, "bilinear", "reflection", aligned)
    torch.testing.assert_close(ours.float(), wanted)


def test_coordinates_modes_name_the_same_places() -> None:
    pixels = torch.tensor([[[[1.5, 2.0], [0.0, 4.0]]]]).expand(2, -1, -1, -1)
    size = torch.tensor([4, 5]) - 1
    results = [
        resample(IMAGE, places, "bilinear", "border", 0.0, mode, True)
        for mode, places in (
            ("unnormalized", pixels),
            ("normalized_zero_to_one", pixels / size),
            ("normalized_minus_one_to_one", pixels / size * 2 - 1),
        )
    ]
    torch.testing.assert_close(results[0], results[1])
    torch.testing.assert_close(results[0], results[2])


def test_an_image_of_one_pixel_reflects_onto_itself() -> None:
    one = torch.full((1, 1, 1, 1), 3.0)
    places = torch.tensor([[[[-5.0, 7.0]]]])
    assert resample(one, places, "bilinear", "reflection", 0.0, "unnormalized", True).item() == 3


@pytest.mark.parametrize(("padding", "mode"), [("mirror", "unnormalized"), ("constant", "pixels")])
def test_unknown_modes_of_resample_are_refused(padding: str, mode: str) -> None:
    with pytest.raises(ValueError, match="there is no"):
        resample(IMAGE, PLACES, "bilinear", padding, 0.0, mode, True)


@pytest.mark.parametrize("matrices", [1, 2])
def test_affine_is_grid_sample_of_an_affine_grid(matrices: int) -> None:
    theta = torch.randn(matrices, 6, generator=torch.Generator().manual_seed(5))
    mode = ("bilinear", "constant", 0.0, "normalized_minus_one_to_one", True)
    ours = affine(IMAGE, theta, 6, 3, *mode)
    grid = F.affine_grid(theta.reshape(-1, 2, 3).expand(2, -1, -1), [2, 3, 6, 3], True)
    wanted = F.grid_sample(IMAGE, grid, "bilinear", "zeros", True)
    torch.testing.assert_close(ours.float(), wanted)


@pytest.mark.parametrize(
    ("box", "mode", "expected"),
    [
        ([1, 1, 2, 2], "CORNERS_HEIGHT_FIRST", [6, 7, 10, 11]),
        ([2, 2, 1, 1], "CORNERS_HEIGHT_FIRST", [11, 10, 7, 6]),
        ([0, 1, 1, 2], "CORNERS_HEIGHT_FIRST", [2, 3, 6, 7]),
        ([1, 0, 2, 1], "CORNERS_WIDTH_FIRST", [2, 3, 6, 7]),
        ([0.5, 1.5, 1, 1], "CENTER_SIZE_HEIGHT_FIRST", [2, 3, 6, 7]),
        ([1.5, 0.5, 1, 1], "CENTER_SIZE_WIDTH_FIRST", [2, 3, 6, 7]),
        ([2, 2, 4, 4], "CORNERS_HEIGHT_FIRST", [11, -1, -1, -1]),
    ],
)
def test_crop_resize_of_corners(box: list[float], mode: str, expected: list[float]) -> None:
    result = crop_resize(
        RAMP, None, 2, 2, False, 1.0, mode, "ALIGN_CORNERS", -1.0, torch.tensor([box])
    )
    assert result.reshape(-1).tolist() == expected


def test_crop_resize_cuts_every_box_from_every_image_up_to_ios_16() -> None:
    roi = torch.tensor([[0.0, 0.0, 4.0, 3.0], [1.0, 1.0, 2.0, 3.0]]).reshape(2, 1, 4, 1, 1)
    result = crop_resize(IMAGE, roi, 5, 4, sampling_mode="ALIGN_CORNERS")
    assert result.shape == (2, 2, 3, 5, 4)
    torch.testing.assert_close(result[0].float(), IMAGE)


def test_crop_resize_takes_the_image_that_a_roi_or_an_index_names() -> None:
    box = [0.0, 0.0, 1.0, 1.0]
    options = {"normalized_coordinates": True, "sampling_mode": "STRICT_ALIGN_CORNERS"}
    by_roi = crop_resize(IMAGE, torch.tensor([1.0, *box]).reshape(1, 1, 5, 1, 1), 5, 4, **options)
    by_index = crop_resize(
        IMAGE, None, 5, 4, boxes=torch.tensor([box]), box_indices=torch.tensor([1]), **options
    )
    torch.testing.assert_close(by_roi[:, 0], by_index)
    torch.testing.assert_close(by_index.float(), IMAGE[1:])


def test_crop_resize_without_or_of_unknown_boxes_is_refused() -> None:
    with pytest.raises(ValueError, match="there are no boxes"):
        crop_resize(RAMP)
    with pytest.raises(ValueError, match="box_coordinate_mode"):
        crop_resize(RAMP, box_coordinate_mode="POLAR", boxes=torch.zeros(1, 4))


BOXES = torch.tensor([[[5.0, 5, 4, 4], [5, 6, 4, 4], [20, 20, 2, 2], [5, 5, 0, 0]]])
SCORES = torch.tensor([[[0.9, 0.1], [0.2, 0.8], [0.7, 0.1], [0.3, 0.1]]])


def _indices(result: tuple[Tensor, ...]) -> list[int]:
    return result[2][0].tolist()


def test_suppression_drops_what_overlaps_a_better_box() -> None:
    boxes, scores, indices, count = non_maximum_suppression(BOXES, SCORES, 0.5, 4, 0.0)
    assert indices[0].tolist() == [0, 2, 3, -1]
    assert count.tolist() == [3]
    assert boxes[0, 1].tolist() == [20, 20, 2, 2]
    assert not boxes[0, 3].any()
    assert scores[0, 0].tolist() == pytest.approx([0.9, 0.1])


def test_suppression_by_class_keeps_boxes_of_other_classes() -> None:
    result = non_maximum_suppression(BOXES, SCORES, 0.5, 4, 0.0, per_class_suppression=True)
    assert _indices(result) == [0, 1, 2, 3]


def test_suppression_keeps_at_most_so_many_and_at_least_the_best() -> None:
    assert _indices(non_maximum_suppression(BOXES, SCORES, 0.5, 1, 0.0)) == [0]
    assert _indices(non_maximum_suppression(BOXES, SCORES, 0.5, 2, 0.95)) == [0, -1]
    assert _indices(non_maximum_suppression(BOXES, SCORES, 0.5, 3, 0.6)) == [0, 2, -1]


def test_suppression_of_ios_17_has_its_boxes_along_the_last_dimension() -> None:
    result = non_maximum_suppression(BOXES.transpose(1, 2), SCORES.transpose(1, 2), 0.5, 3)
    boxes, scores, indices = result
    assert (boxes.shape, scores.shape) == ((1, 4, 3), (1, 2, 3))
    assert indices[0].tolist() == [0, 2, 3]
