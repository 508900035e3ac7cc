"""Operations that coremltools cannot evaluate itself, against torch or a hand-made result."""

from collections.abc import Callable
from typing import Any

import mil_packages
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mil_packages import mb
from torch import Tensor

from devsim.runtime.reference import ReferenceRuntime

RNG = np.random.default_rng(11)


def _normal(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


INPUTS = {
    "line": _normal(2, 4, 9),
    "image": _normal(2, 4, 7, 6),
    "film": _normal(1, 4, 3, 5, 4),
    "x": _normal(2, 3, 4),
    "u": _normal(2, 3, 4),
    "n": np.array([[1, -1], [1, 0]], np.int32),
}
KERNEL = {1: _normal(6, 4, 3), 2: _normal(6, 4, 3, 2), 3: _normal(6, 4, 2, 3, 2)}
GROUPED = _normal(8, 2, 3, 3)
UP = _normal(4, 3, 3, 2)
BIAS = _normal(6)
C4 = {name: RNG.uniform(0.5, 1.5, 4).astype(np.float32) for name in ("mean", "var", "g", "b")}
T = {
    name: torch.from_numpy(value)
    for name, value in {
        **C4, "up": UP, "bias": BIAS, "grouped": GROUPED, **{f"k{r}": k for r, k in KERNEL.items()},
    }.items()
}  # fmt: skip

Case = tuple[Callable[[dict[str, Any]], Any], Callable[[dict[str, Tensor]], Any]]


def _grid_sample(x: Tensor, points: list[float]) -> Tensor:
    """Linear interpolation of the last dimension at these places, by numpy."""
    flat = x.reshape(-1, x.shape[-1]).numpy()
    rows = [np.interp(points, np.arange(x.shape[-1]), row) for row in flat]
    return torch.tensor(np.array(rows), dtype=torch.float32).reshape(*x.shape[:-1], len(points))


def _scatter(mode: str, combine: Callable[[Tensor], Tensor]) -> Case:
    """Threes scattered onto the middle row."""
    threes = np.full((2, 1, 4), 3, np.float32)
    row = np.array([1], np.int32)
    return (
        lambda v: mb.scatter(data=v["x"], indices=row, updates=threes, axis=1, mode=mode),
        lambda t: torch.cat((t["x"][:, :1], combine(t["x"][:, 1:2]), t["x"][:, 2:]), 1),
    )


CASES: dict[str, Case] = {
    "conv 1d": (
        lambda v: mb.conv(x=v["line"], weight=KERNEL[1], bias=BIAS, strides=[2], dilations=[2]),
        lambda t: F.conv1d(t["line"], T["k1"], T["bias"], 2, 0, 2),
    ),
    "conv 2d custom uneven": (
        lambda v: mb.conv(x=v["image"], weight=KERNEL[2], pad_type="custom", pad=[1, 2, 0, 1]),
        lambda t: F.conv2d(F.pad(t["image"], (0, 1, 1, 2)), T["k2"]),
    ),
    "conv 2d grouped": (
        lambda v: mb.conv(
            x=v["image"], weight=GROUPED, groups=2, pad_type="custom", pad=[1, 1, 1, 1]
        ),
        lambda t: F.conv2d(t["image"], T["grouped"], padding=1, groups=2),
    ),
    "conv 2d same": (
        lambda v: mb.conv(x=v["image"], weight=KERNEL[2], pad_type="same", strides=[2, 2]),
        lambda t: F.conv2d(F.pad(t["image"], (0, 0, 1, 1)), T["k2"], stride=2),
    ),
    "conv 2d same_lower": (
        lambda v: mb.conv(x=v["image"], weight=KERNEL[2], pad_type="same_lower"),
        lambda t: F.conv2d(F.pad(t["image"], (1, 0, 1, 1)), T["k2"]),
    ),
    "conv 3d": (
        lambda v: mb.conv(x=v["film"], weight=KERNEL[3], pad_type="custom", pad=[1, 0, 1, 1, 0, 0]),
        lambda t: F.conv3d(F.pad(t["film"], (0, 0, 1, 1, 1, 0)), T["k3"]),
    ),
    "conv_transpose": (
        lambda v: mb.conv_transpose(x=v["image"], weight=UP, strides=[2, 3]),
        lambda t: F.conv_transpose2d(t["image"], T["up"], stride=(2, 3)),
    ),
    "conv_transpose cropped": (
        lambda v: mb.conv_transpose(
            x=v["image"], weight=UP, strides=[2, 2], pad_type="custom", pad=[1, 1, 0, 0]
        ),
        lambda t: F.conv_transpose2d(t["image"], T["up"], stride=2, padding=(1, 0)),
    ),
    "conv_transpose extended": (
        lambda v: mb.conv_transpose(
            x=v["image"], weight=UP, strides=[2, 2], pad_type="custom", pad=[1, 1, 0, 0],
            output_shape=[2, 3, 14, 12],
        ),
        lambda t: F.conv_transpose2d(
            t["image"], T["up"], stride=2, padding=(1, 0), output_padding=(1, 0)
        ),
    ),
    "max_pool": (
        lambda v: mb.max_pool(
            x=v["image"], kernel_sizes=[3, 2], strides=[2, 2], pad_type="custom", pad=[1, 1, 0, 0],
            ceil_mode=True,
        ),
        lambda t: F.max_pool2d(t["image"], (3, 2), 2, (1, 0), ceil_mode=True),
    ),
    "max_pool uneven": (
        lambda v: mb.max_pool(x=v["line"], kernel_sizes=[2], pad_type="custom", pad=[0, 1]),
        lambda t: F.max_pool1d(F.pad(t["line"], (0, 1), value=-torch.inf), 2, 1),
    ),
    "max_pool 3d": (
        lambda v: mb.max_pool(x=v["film"], kernel_sizes=[2, 2, 2], pad_type="valid"),
        lambda t: F.max_pool3d(t["film"], 2, 1),
    ),
    "avg_pool with padding": (
        lambda v: mb.avg_pool(
            x=v["image"], kernel_sizes=[3, 3], pad_type="custom", pad=[1, 1, 1, 1]
        ),
        lambda t: F.avg_pool2d(t["image"], 3, 1, 1),
    ),
    "avg_pool without padding": (
        lambda v: mb.avg_pool(
            x=v["image"], kernel_sizes=[2, 2], pad_type="same", exclude_padding_from_average=True
        ),
        lambda t: F.avg_pool2d(F.pad(t["image"], (0, 1, 0, 1)), 2, 1)
        / F.avg_pool2d(F.pad(torch.ones(1, 1, 7, 6), (0, 1, 0, 1)), 2, 1),
    ),
    "l2_pool": (
        lambda v: mb.l2_pool(x=v["line"], kernel_sizes=[3], pad_type="valid"),
        lambda t: t["line"].unfold(2, 3, 1).square().sum(-1).sqrt(),
    ),
    "batch_norm": (
        lambda v: mb.batch_norm(
            x=v["image"], mean=C4["mean"], variance=C4["var"], gamma=C4["g"], beta=C4["b"]
        ),
        lambda t: F.batch_norm(t["image"], T["mean"], T["var"], T["g"], T["b"]),
    ),
    "instance_norm": (
        lambda v: mb.instance_norm(x=v["image"], gamma=C4["g"], beta=C4["b"], epsilon=1e-3),
        lambda t: F.instance_norm(t["image"], weight=T["g"], bias=T["b"], eps=1e-3),
    ),
    "local_response_norm": (
        lambda v: mb.local_response_norm(x=v["image"], size=3, alpha=0.5, beta=0.6, k=2.0),
        lambda t: F.local_response_norm(t["image"], 3, 0.5, 0.6, 2.0),
    ),
    "einsum": (
        lambda v: mb.einsum(
            values=(v["image"], mb.transpose(x=v["image"], perm=[0, 3, 2, 1])),
            equation="nchw,nwhu->nchu",
        ),
        lambda t: torch.einsum("nchw,nuhw->nchu", t["image"], t["image"]),
    ),
    "concat interleaved": (
        lambda v: mb.concat(values=[v["x"], v["u"]], axis=1, interleave=True),
        lambda t: torch.stack((t["x"], t["u"]), 2).reshape(2, 6, 4),
    ),
    "upsample_nearest_neighbor": (
        lambda v: mb.upsample_nearest_neighbor(
            x=v["image"], scale_factor_height=2, scale_factor_width=3
        ),
        lambda t: F.interpolate(t["image"], scale_factor=(2, 3)),
    ),
    "resize_nearest_neighbor": (
        lambda v: mb.resize_nearest_neighbor(
            x=v["image"], target_size_height=5, target_size_width=11
        ),
        lambda t: F.interpolate(t["image"], (5, 11)),
    ),
    "upsample_bilinear aligned": (
        lambda v: mb.upsample_bilinear(
            x=v["image"], scale_factor_height=2, scale_factor_width=3, align_corners=True
        ),
        lambda t: F.interpolate(
            t["image"], scale_factor=(2, 3), mode="bilinear", align_corners=True
        ),
    ),
    "upsample_bilinear centred": (
        lambda v: mb.upsample_bilinear(
            x=v["image"], scale_factor_height=2.5, scale_factor_width=1.5, align_corners=False
        ),
        lambda t: F.interpolate(
            t["image"], scale_factor=(2.5, 1.5), mode="bilinear", recompute_scale_factor=True
        ),
    ),
    "resize_bilinear default": (
        lambda v: mb.resize_bilinear(x=v["image"], target_size_height=7, target_size_width=4),
        lambda t: _grid_sample(t["image"], [0, 1.5, 3, 4.5]),
    ),
    "resize_bilinear offset": (
        lambda v: mb.resize_bilinear(
            x=v["image"], target_size_height=7, target_size_width=4, sampling_mode="OFFSET_CORNERS"
        ),
        lambda t: _grid_sample(t["image"], [0.625, 1.875, 3.125, 4.375]),
    ),
    "resize": (
        lambda v: mb.resize(
            x=v["image"], shape=[14, 0], resized_dims=np.uint32(2), sampling_mode="UNALIGN_CORNERS"
        ),
        lambda t: F.interpolate(t["image"], (14, 6), mode="bilinear"),
    ),
    "crop": (
        lambda v: mb.crop(x=v["image"], crop_height=[1, 2], crop_width=[0, 3]),
        lambda t: t["image"][:, :, 1:5, :3],
    ),
    "pixel_shuffle": (
        lambda v: mb.pixel_shuffle(x=v["image"], upscale_factor=2),
        lambda t: F.pixel_shuffle(t["image"], 2),
    ),
    "depth_to_space and back": (
        lambda v: mb.space_to_depth(x=mb.depth_to_space(x=v["image"], block_size=2), block_size=2),
        lambda t: t["image"],
    ),
    "depth_to_space": (
        lambda v: mb.depth_to_space(x=v["image"], block_size=2),
        lambda t: torch.stack([t["image"][:, i] for i in range(4)], 1)
        .reshape(2, 2, 2, 7, 6).permute(0, 3, 1, 4, 2).reshape(2, 1, 14, 12),
    ),
    "space_to_batch and back": (
        lambda v: mb.batch_to_space(
            x=mb.space_to_batch(
                x=v["image"], block_shape=[2, 3], paddings=np.array([[1, 0], [2, 1]], np.int32)
            ),
            block_shape=[2, 3],
            crops=np.array([[1, 0], [2, 1]], np.int32),
        ),
        lambda t: t["image"],
    ),
    "sliding_windows": (
        lambda v: mb.sliding_windows(x=v["line"], axis=-1, size=3, stride=2),
        lambda t: t["line"].unfold(-1, 3, 2),
    ),
    "reverse_sequence": (
        lambda v: mb.reverse_sequence(
            x=v["x"], lengths=np.array([2, 4], np.int32), seq_axis=2, batch_axis=0
        ),
        lambda t: torch.stack([t["x"][0][:, [1, 0, 2, 3]], t["x"][1].flip(-1)]),
    ),
    "cumsum exclusive": (
        lambda v: mb.cumsum(x=v["x"], axis=1, exclusive=True),
        lambda t: F.pad(t["x"].cumsum(1)[:, :-1], (0, 0, 1, 0)),
    ),
    "one_hot": (
        lambda v: mb.one_hot(
            indices=v["n"], one_hot_vector_size=3, axis=1, on_value=2.0, off_value=-1.0
        ),
        lambda t: torch.tensor(
            [[[-1, -1], [2, -1], [-1, -1]], [[-1, 2], [2, -1], [-1, -1]]], dtype=torch.float32
        ),
    ),
    "gather batched": (
        lambda v: mb.gather(x=v["x"], indices=v["n"], axis=2, batch_dims=1),
        lambda t: torch.stack([t["x"][0][:, [1, 3]], t["x"][1][:, [1, 0]]]),
    ),
    "gather_nd": (
        lambda v: mb.gather_nd(x=v["x"], indices=v["n"]),
        lambda t: t["x"][torch.tensor([1, 1]), torch.tensor([2, 0])],
    ),
    "scatter add": (
        lambda v: mb.scatter(
            data=v["x"], indices=np.array([0, 2, 0], np.int32),
            updates=np.ones((2, 3, 4), np.float32),
            axis=1, mode="add",
        ),
        lambda t: t["x"] + torch.tensor([2.0, 0, 1])[None, :, None],
    ),
    "scatter_nd update": (
        lambda v: mb.scatter_nd(
            data=v["x"], indices=np.array([[1, 2], [0, -1]], np.int32),
            updates=np.arange(8, dtype=np.float32).reshape(2, 4), mode="update",
        ),
        lambda t: t["x"].index_put(
            (torch.tensor([1, 0]), torch.tensor([2, 2])), torch.arange(8.0).reshape(2, 4)
        ),
    ),
    "scatter sub": _scatter("sub", lambda x: x - 3),
    "scatter mul": _scatter("mul", lambda x: x * 3),
    "scatter div": _scatter("div", lambda x: x / 3),
    "scatter max": _scatter("max", lambda x: x.clamp(min=3)),
    "scatter min": _scatter("min", lambda x: x.clamp(max=3)),
    "topk without indices": (
        lambda v: mb.topk(x=v["x"], k=2, axis=1, return_indices=False),
        lambda t: t["x"].topk(2, 1).values,
    ),
    "reshape to a computed shape": (
        lambda v: mb.reshape(
            x=v["x"],
            shape=mb.concat(
                values=[mb.slice_by_index(x=mb.shape(x=v["x"]), begin=[2], end=[3]), [6]], axis=0
            ),
        ),
        lambda t: t["x"].reshape(4, 6),
    ),
    "reshape_like": (
        lambda v: mb.reshape_like(
            x=v["x"], ref_tensors=(v["u"], v["line"]), begins=(1, 0), ends=(3, 1),
            end_masks=(False, False),
        ),
        lambda t: t["x"].reshape(3, 4, 2),
    ),
    "quantize and back": (
        lambda v: mb.dequantize(
            input=mb.quantize(
                input=v["x"], zero_point=np.array([1, 2, 3], np.int8),
                scale=np.array([0.5, 0.25, 0.125], np.float32), axis=1, output_dtype="int8",
            ),
            zero_point=np.array([1, 2, 3], np.int8),
            scale=np.array([0.5, 0.25, 0.125], np.float32),
            axis=1,
        ),
        lambda t: (t["x"] / (s := torch.tensor([0.5, 0.25, 0.125])[None, :, None])).round() * s,
    ),
}  # fmt: skip


def _everything(**values: Any) -> list[Any]:
    return [mb.identity(x=build(values)) for build, _ in CASES.values()]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """What the runtime computes for every case, in one package of them all."""
    package = mil_packages.save(tmp_path_factory.mktemp("ops"), _everything, INPUTS)
    loaded = ReferenceRuntime().load(package)
    computed = loaded.predict(INPUTS)
    names = [port.name for port in loaded.outputs]
    loaded.unload()
    return {case: computed[name] for case, name in zip(CASES, names, strict=True)}


@pytest.mark.parametrize("name", CASES)
def test_operation_agrees_with_torch(name: str, results: dict[str, np.ndarray]) -> None:
    truth = CASES[name][1]({key: torch.from_numpy(value) for key, value in INPUTS.items()})
    assert results[name].shape == tuple(truth.shape)
    np.testing.assert_allclose(results[name], truth.numpy(), rtol=2e-5, atol=5e-6)
