"""Forms that iOS 17 added to operations, and dtypes torch does not compute."""

import pytest
import torch
import torch.nn.functional as F

from devsim.runtime.reference.ops.convolution import conv, conv_transpose
from devsim.runtime.reference.ops.gathering import gather, gather_nd
from devsim.runtime.reference.ops.linear import linear, matmul
from devsim.runtime.reference.ops.normalization import (
    batch_norm,
    instance_norm,
    local_response_norm,
)
from devsim.runtime.reference.ops.pooling import avg_pool, l2_pool
from devsim.runtime.reference.ops.reshaping import reshape
from devsim.runtime.reference.ops.resizing import resize
from devsim.runtime.reference.ops.scattering import scatter, scatter_along_axis, scatter_nd

X = torch.arange(6.0).reshape(2, 3)


def test_factors_of_two_dtypes_are_multiplied_in_the_wider() -> None:
    y = torch.ones(3, 2, dtype=torch.float16)
    assert matmul(X, y).dtype == torch.float32
    assert linear(X.half(), y.T.float(), torch.ones(2, dtype=torch.int32)).tolist() == [
        [4, 4],
        [13, 13],
    ]


def test_norms_take_parameters_of_another_dtype() -> None:
    x = torch.randn(2, 3, 4).half()
    ones = torch.ones(3)
    assert batch_norm(x, ones, ones, ones, ones).dtype == torch.float16
    assert instance_norm(x, ones, ones).dtype == torch.float16


@pytest.mark.parametrize("size", [2, 3, 5])
def test_local_response_norm_is_that_of_torch(size: int) -> None:
    x = torch.randn(2, 6, 3, 2)
    ours = local_response_norm(x, size, 0.5, 0.75, 2.0)
    torch.testing.assert_close(ours, F.local_response_norm(x, size, 0.5, 0.75, 2.0))


def test_float16_films_are_pooled() -> None:
    film = torch.ones(1, 1, 2, 2, 2, dtype=torch.float16)
    assert avg_pool(film, (2, 2, 2), "valid").item() == 1
    assert avg_pool(film, (2, 2, 2), "same", exclude_padding_from_average=True).min() == 1
    assert l2_pool(film, (2, 2, 2), "valid").item() == pytest.approx(8**0.5)


def test_a_zero_in_a_shape_corresponds_from_the_last_dimension() -> None:
    assert reshape(X, (1, 0, -1, 0)).shape == (1, 1, 2, 3)
    assert reshape(X, (0, -1)).shape == (2, 3)


def test_resize_rounds_to_the_nearest() -> None:
    x = torch.tensor([[1.0, 2.0]])
    assert resize(x, (3,), 1, "NEAREST_NEIGHBOR").tolist() == [[1, 2, 2]]


@pytest.mark.parametrize("index", [-1, 2])
def test_validated_indices_are_neither_negative_nor_too_large(index: int) -> None:
    indices = torch.tensor([index])
    for call in (
        lambda: gather(X, indices, 0, 0, True),
        lambda: gather_nd(X, indices[:, None], 0, True),
        lambda: scatter(X, indices, X[:1], 0, "add", True),
        lambda: scatter_nd(X, indices[:, None], X[:1], "add", True),
    ):
        with pytest.raises(IndexError, match="outside"):
            call()


@pytest.mark.parametrize("index", [-1, 2])
def test_what_is_scattered_outside_is_left_out_where_nobody_validates(index: int) -> None:
    indices, rows = torch.tensor([index, 0]), torch.tensor([[7.0, 7, 7], [1, 1, 1]])
    wanted = [[1, 2, 3], [3, 4, 5]]
    assert scatter(X, indices, rows, 0, "add", False).tolist() == wanted


@pytest.mark.parametrize("index", [-3, 2, 65535])
def test_single_places_outside_are_left_out_where_nobody_validates(index: int) -> None:
    indices, rows = torch.tensor([[index], [0]]), torch.tensor([[7.0, 7, 7], [1, 1, 1]])
    wanted = [[1, 2, 3], [3, 4, 5]]
    assert scatter_nd(X, indices, rows, "add", False).tolist() == wanted
    assert scatter_along_axis(X, indices.expand(2, 3), rows, 0, "add", False).tolist() == wanted
    # A column outside does not become a place in another row.
    pairs = torch.tensor([[0, 3], [1, 0]])
    assert scatter_nd(X, pairs, torch.ones(2), "add", False).tolist() == [[0, 1, 2], [4, 4, 5]]


def test_before_ios17_a_negative_index_scatters_from_the_end() -> None:
    wanted = [[0, 1, 2], [0, 0, 0]]
    assert scatter(X, torch.tensor([-1]), torch.zeros(1, 3), 0, "update").tolist() == wanted
    assert scatter_nd(X, torch.tensor([[-1]]), torch.zeros(1, 3), "update").tolist() == wanted
    with pytest.raises(IndexError, match="outside"):
        scatter(X, torch.tensor([2]), torch.zeros(1, 3), 0, "update")
    with pytest.raises(IndexError, match="outside"):
        scatter_nd(X, torch.tensor([[2]]), torch.zeros(1, 3), "update")


def test_kernels_of_another_dtype_are_convolved() -> None:
    image, kernel = torch.ones(1, 1, 3, 3).half(), torch.ones(1, 1, 2, 2)
    assert conv(image, kernel, torch.ones(1)).unique().tolist() == [5]
    assert conv_transpose(image, kernel, torch.ones(1).half()).max() == 5
