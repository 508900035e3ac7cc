"""Packages that take and give pictures, classify, or leave inputs out."""

from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
import pytest
import torch
from coremltools.proto import Model_pb2
from PIL import Image
from torch import Tensor, nn

from devsim.core.errors import BadFileError, BadInputError
from devsim.runtime.coreml.features import from_coreml, to_coreml
from devsim.runtime.coreml.interface import read_interfaces
from devsim.runtime.reference import ReferenceRuntime

pytestmark = pytest.mark.filterwarnings("ignore")  # of the tracer and of coremltools

SPEC = "Data/com.apple.CoreML/model.mlmodel"
HEIGHT, WIDTH = 4, 6
RNG = np.random.default_rng(5)
COLORED = RNG.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
GRAY = COLORED[..., 0]
LAYOUT = ct.colorlayout


class Weighted(nn.Module):
    """``x * 0.5 + 10 * (channel + 1)``, so that channels cannot be confused."""

    def forward(self, x: Tensor) -> Tensor:
        return x * 0.5 + 10 * torch.arange(1.0, x.shape[1] + 1).reshape(1, -1, 1, 1)


def save(path: Path, module: nn.Module, shape: Any, **options: Any) -> Path:
    example = torch.zeros([4 if isinstance(size, ct.RangeDim) else size for size in shape])
    ct.convert(
        torch.jit.trace(module.eval(), example),
        minimum_deployment_target=ct.target.iOS17,
        compute_precision=ct.precision.FLOAT32,
        skip_model_load=True,
        **options,
    ).save(str(path))
    return path


def pictures(path: Path, layout: Any, **options: Any) -> Path:
    channels = 1 if "GRAY" in layout.name else 3
    shape = (1, channels, HEIGHT, WIDTH)
    return save(
        path,
        Weighted(),
        shape,
        inputs=[ct.ImageType("x", shape, color_layout=layout, **options)],
        outputs=[ct.ImageType("y", color_layout=layout)],
    )


def test_a_picture_in_red_green_blue(tmp_path: Path) -> None:
    loaded = ReferenceRuntime().load(pictures(tmp_path / "rgb.mlpackage", LAYOUT.RGB))
    spec = loaded.inputs[0]
    assert (spec.shape, spec.dtype, spec.color) == ((HEIGHT, WIDTH, 3), "uint8", "rgb")
    truth = np.rint(COLORED * 0.5 + [10, 20, 30])
    for given in (Image.fromarray(COLORED), COLORED, COLORED.transpose(2, 0, 1)[None]):
        result = loaded.predict({"x": given})["y"]
        assert result.dtype == np.uint8
        np.testing.assert_array_equal(result, truth)


def test_a_program_in_blue_green_red_takes_the_same_picture(tmp_path: Path) -> None:
    """Its first channel is the blue one; what a caller gives and gets is red first."""
    loaded = ReferenceRuntime().load(pictures(tmp_path / "bgr.mlpackage", LAYOUT.BGR))
    truth = np.rint(COLORED * 0.5 + [30, 20, 10])
    planes = COLORED[..., ::-1].transpose(2, 0, 1)[None].astype(np.float32)
    for given in (Image.fromarray(COLORED), planes):
        np.testing.assert_array_equal(loaded.predict({"x": given})["y"], truth)


def test_scale_and_bias_are_applied_in_the_programs_order(tmp_path: Path) -> None:
    package = pictures(tmp_path / "scaled.mlpackage", LAYOUT.BGR, scale=0.25, bias=[1, 2, 3])
    result = ReferenceRuntime().load(package).predict({"x": COLORED})["y"]
    scaled = COLORED * 0.25 + [3, 2, 1]
    np.testing.assert_array_equal(result, np.rint(scaled * 0.5 + [30, 20, 10]))


def test_gray_pictures_of_bytes_and_of_halves(tmp_path: Path) -> None:
    gray = ReferenceRuntime().load(pictures(tmp_path / "gray.mlpackage", LAYOUT.GRAYSCALE))
    result = gray.predict({"x": Image.fromarray(GRAY)})["y"]
    assert result.dtype == np.uint8
    np.testing.assert_array_equal(result, np.rint(GRAY * 0.5 + 10))
    half = ReferenceRuntime().load(pictures(tmp_path / "half.mlpackage", LAYOUT.GRAYSCALE_FLOAT16))
    values = (GRAY / 256).astype(np.float32)
    result = half.predict({"x": Image.fromarray(values)})["y"]
    assert result.dtype == np.float16
    np.testing.assert_allclose(result, values * 0.5 + 10, rtol=2**-10)


def test_a_program_that_computes_with_bytes(tmp_path: Path) -> None:
    class Turned(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.transpose(x, -2, -1)

    shape = (1, 1, HEIGHT, WIDTH)
    package = save(
        tmp_path / "bytes.mlpackage",
        Turned(),
        shape,
        inputs=[ct.ImageType("x", shape, color_layout=LAYOUT.GRAYSCALE, grayscale_use_uint8=True)],
        outputs=[ct.ImageType("y", color_layout=LAYOUT.GRAYSCALE)],
    )
    np.testing.assert_array_equal(
        ReferenceRuntime().load(package).predict({"x": GRAY})["y"], GRAY.T
    )


def test_what_a_picture_cannot_show_is_held_between_0_and_255(tmp_path: Path) -> None:
    class Wide(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return (x - 1) * 100.2

    shape = (1, 1, 1, 5)
    package = save(
        tmp_path / "wide.mlpackage",
        Wide(),
        shape,
        inputs=[ct.TensorType("x", shape)],
        outputs=[ct.ImageType("y", color_layout=LAYOUT.GRAYSCALE)],
    )
    given = np.array([0, 1, 2, 9, np.nan], np.float32).reshape(shape)
    assert ReferenceRuntime().load(package).predict({"x": given})["y"].tolist() == [
        [0, 0, 100, 255, 0]
    ]


def test_sizes_of_a_range_and_of_a_list(tmp_path: Path) -> None:
    sides = ct.RangeDim(2, 8, default=4)
    ranged = save(
        tmp_path / "ranged.mlpackage",
        Weighted(),
        (1, 3, sides, sides),
        inputs=[ct.ImageType("x", ct.Shape((1, 3, sides, sides)))],
        outputs=[ct.ImageType("y", color_layout=LAYOUT.RGB)],
    )
    loaded = ReferenceRuntime().load(ranged)
    assert loaded.inputs[0].shape == (4, 4, 3)
    assert loaded.outputs[0].shape == (-1, -1, 3)
    given = RNG.integers(0, 256, (8, 2, 3), dtype=np.uint8)
    truth = np.rint(given * 0.5 + [10, 20, 30])
    np.testing.assert_array_equal(loaded.predict({"x": given})["y"], truth)
    with pytest.raises(BadInputError, match=r"Size \(9\) of dimension \(1\).*\(2\.\.8\)"):
        loaded.predict({"x": np.zeros((2, 9, 3), np.uint8)})

    listed = save(
        tmp_path / "listed.mlpackage",
        Weighted(),
        (1, 3, 4, 6),
        inputs=[ct.ImageType("x", ct.EnumeratedShapes([(1, 3, 4, 6), (1, 3, 2, 2)]))],
        outputs=[ct.TensorType("y")],
    )
    loaded = ReferenceRuntime().load(listed)
    assert loaded.predict({"x": np.zeros((2, 2, 3), np.uint8)})["y"].shape == (1, 3, 2, 2)
    with pytest.raises(BadInputError, match=r"uint8 \(4, 6, 3\) or \(2, 2, 3\)"):
        loaded.predict({"x": np.zeros((6, 4, 3), np.uint8)})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            np.zeros((WIDTH, HEIGHT, 3), np.uint8),
            r"uint8 \(6, 4, 3\); give it as uint8 \(4, 6, 3\)",
        ),
        (GRAY, r"uint8 \(4, 6\)"),
        (np.full((1, 3, HEIGHT, WIDTH), 0.5, np.float32), "values that uint8 does not hold"),
        (np.full((1, 3, HEIGHT, WIDTH), 256), "values that uint8 does not hold"),
        (np.zeros((1, 1, HEIGHT, WIDTH), np.uint8), r"uint8 \(1, 1, 4, 6\)"),
    ],
)
def test_arrays_that_are_not_the_picture(tmp_path: Path, given: np.ndarray, said: str) -> None:
    loaded = ReferenceRuntime().load(pictures(tmp_path / "rgb.mlpackage", LAYOUT.RGB))
    with pytest.raises(BadInputError, match=said):
        loaded.predict({"x": given})


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda image: setattr(image, "width", 7), "sizes that its type excludes"),
        (lambda image: setattr(image, "colorSpace", 10), "sizes that its type excludes"),
        (lambda image: setattr(image, "colorSpace", 0), "has color space 0"),
        (lambda image: setattr(image, "height", 0), "has no size"),
        (lambda image: setattr(image, "height", -4), "sizes that its type excludes"),
        (
            lambda image: image.enumeratedSizes.sizes.add(width=2, height=2),
            "sizes that its type excludes",
        ),
    ],
)
def test_descriptions_of_pictures_that_lie(tmp_path: Path, edit: Any, said: str) -> None:
    package = pictures(tmp_path / "rgb.mlpackage", LAYOUT.RGB)
    model = Model_pb2.Model.FromString((package / SPEC).read_bytes())
    edit(model.description.input[0].type.imageType)
    (package / SPEC).write_bytes(model.SerializeToString())
    with pytest.raises(BadFileError, match=f"rgb.mlpackage: picture 'x' .*{said}"):
        ReferenceRuntime().load(package)


@pytest.mark.parametrize(
    "layout", [LAYOUT.RGB, LAYOUT.BGR, LAYOUT.GRAYSCALE, LAYOUT.GRAYSCALE_FLOAT16]
)
def test_the_core_ml_runtime_describes_and_hands_over_the_same_pictures(
    tmp_path: Path, layout: Any
) -> None:
    """Without Core ML: what goes to coremltools passes its own check, and comes back."""
    package = pictures(tmp_path / "some.mlpackage", layout)
    loaded = ReferenceRuntime().load(package)
    interface = read_interfaces(package).of(package, None)
    assert (interface.inputs, interface.outputs) == (loaded.inputs, loaded.outputs)
    spec = interface.inputs[0]
    pixels = RNG.integers(0, 256, spec.shape).astype(spec.dtype)
    picture = to_coreml(pixels, spec)
    ct.models.MLModel(str(package), skip_model_load=True)._verify_pil_image_modes({"x": picture})
    given = np.dstack((pixels, np.full(pixels.shape[:2], 255))) if pixels.ndim == 3 else pixels
    back = Image.fromarray(given.astype("uint8" if pixels.ndim == 3 else np.asarray(picture).dtype))
    np.testing.assert_array_equal(from_coreml(back, spec), pixels)
