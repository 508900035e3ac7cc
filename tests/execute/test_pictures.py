"""Pictures from files that nobody vouches for."""

import os
import zlib
from pathlib import Path

import numpy as np
import pytest

Image = pytest.importorskip("PIL.Image")

from devsim.core.errors import BadFileError, BadInputError  # noqa: E402
from devsim.execute.given import InputFile, parse_input, read_inputs  # noqa: E402
from devsim.execute.pictures import read_picture  # noqa: E402
from devsim.runtime.protocol import TensorSpec  # noqa: E402

PIXELS = np.random.default_rng(1).integers(0, 256, (4, 6, 3), dtype=np.uint8)
COLORED = TensorSpec("image", (4, 6, 3), "uint8", color="bgr")
ANY = TensorSpec("image", (4, 6), "uint8", (((1, None), (1, None)),), color="gray")


@pytest.fixture
def some(tmp_path: Path) -> Path:
    Image.fromarray(PIXELS).save(tmp_path / "some.png")
    return tmp_path / "some.png"


def _bomb(path: Path, side: int) -> Path:
    """A PNG whose header claims a large square that is not there."""
    Image.fromarray(PIXELS[..., 0]).save(path)
    data = bytearray(path.read_bytes())
    data[16:24] = side.to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    path.write_bytes(bytes(data))
    return path


@pytest.mark.parametrize(
    ("color", "shape", "dtype", "mode"),
    [
        ("rgb", (4, 6, 3), "uint8", "RGB"),
        ("bgr", (4, 6, 3), "uint8", "RGB"),
        ("gray", (4, 6), "uint8", "L"),
        ("gray float16", (4, 6), "float16", "F"),
    ],
)
def test_colors_are_those_of_the_input(some: Path, color, shape, dtype, mode) -> None:
    notes: list[str] = []
    array = read_picture(some, TensorSpec("x", shape, dtype, color=color), notes)
    np.testing.assert_array_equal(array, np.asarray(Image.fromarray(PIXELS).convert(mode)))
    assert notes == ([] if mode == "RGB" else [f"{some}: converted from RGB to {mode}"])


def test_a_palette_is_converted(tmp_path: Path) -> None:
    Image.fromarray(PIXELS).quantize(8).save(tmp_path / "few.png")
    with Image.open(tmp_path / "few.png") as few:
        truth = np.asarray(few.convert("RGB"))
    notes: list[str] = []
    np.testing.assert_array_equal(read_picture(tmp_path / "few.png", COLORED, notes), truth)
    assert notes == [f"{tmp_path / 'few.png'}: converted from P to RGB"]


def test_colors_of_16_bits_are_not_cut_off(tmp_path: Path) -> None:
    values = np.arange(24, dtype=np.uint16).reshape(4, 6) * 1000
    Image.fromarray(values).save(tmp_path / "deep.png")
    with pytest.raises(BadInputError, match="has more than 8 bits a color; save it with 8"):
        read_picture(tmp_path / "deep.png", ANY, [])
    half = TensorSpec("x", (4, 6), "float16", color="gray float16")
    np.testing.assert_array_equal(read_picture(tmp_path / "deep.png", half, []), values)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("none.png", "no such file"),
        ("text.png", "is not a PNG or JPEG"),
        ("gif.png", "is not a PNG or JPEG"),
        ("cut.png", "cannot be read as a picture"),
        ("pipe.png", "is not a file"),
        ("folder.png", "is not a file"),
        ("\0.png", "no such file"),
    ],
)
def test_what_is_no_picture(tmp_path: Path, some: Path, name: str, said: str) -> None:
    (tmp_path / "text.png").write_text("no picture")
    Image.fromarray(PIXELS).save(tmp_path / "gif.png", format="GIF")
    (tmp_path / "cut.png").write_bytes(some.read_bytes()[:60])
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(BadFileError, match=said):
        read_picture(tmp_path / name, COLORED, [])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("side", "said"),
    [
        (9_000, "has 81000000 pixels; give one of at most"),  # below where PIL warns
        (10_000, "cannot be read as a picture"),  # where it warns
        (200_000, "cannot be read as a picture"),  # where it refuses
    ],
)
def test_a_small_file_of_a_large_picture_is_not_decoded(
    tmp_path: Path, side: int, said: str
) -> None:
    bomb = _bomb(tmp_path / "bomb.png", side)
    with pytest.raises(BadInputError, match=said):
        read_picture(bomb, ANY, [])


def test_another_size_or_an_input_that_is_an_array(some: Path) -> None:
    tall = TensorSpec("image", (6, 4, 3), "uint8", color="rgb")
    with pytest.raises(
        BadInputError, match=r"4 high and 6 wide; resize it .*'image' .*\(6, 4, 3\)"
    ):
        read_picture(some, tall, [])
    with pytest.raises(BadInputError, match="'x' is not a picture; give float32"):
        read_picture(some, TensorSpec("x", (1, 3, 4, 6), "float32"), [])


@pytest.mark.parametrize(
    ("text", "path", "name"),
    [
        ("in.npz", "in.npz", None),
        ("a=b.npz", "a=b.npz", None),
        ("in", "in", None),
        ("x=some.PNG", "some.PNG", "x"),
        ("x.1=a=b.jpeg", "a=b.jpeg", "x.1"),
    ],
)
def test_the_option(text: str, path: str, name: str | None) -> None:
    assert parse_input(text) == InputFile(path=Path(path), name=name)


@pytest.mark.parametrize("text", ["x=cat", "=cat.png", "x=cat.gif", "x="])
def test_options_that_are_no_picture(text: str) -> None:
    with pytest.raises(BadInputError, match=f"--inputs {text}: is not NAME=PICTURE"):
        parse_input(text)


def test_files_add_up(some: Path, tmp_path: Path) -> None:
    specs = [TensorSpec("x_1", (4, 6, 3), "uint8", color="rgb"), TensorSpec("k", (1,), "float32")]
    np.savez(tmp_path / "in.npz", k=np.float32([3]))
    array, picture = InputFile(path=tmp_path / "in.npz"), InputFile(path=some, name="x.1")
    given = read_inputs([array, picture], specs)
    np.testing.assert_array_equal(given.arrays["x.1"], PIXELS)
    assert given.arrays["k"].tolist() == [3]
    with pytest.raises(BadInputError, match=r"some.png: 'x\.1' is given twice"):
        read_inputs([picture, picture], specs)
    with pytest.raises(BadInputError, match=r"no input 'cat'; its inputs are: x_1, k"):
        read_inputs([InputFile(path=some, name="cat")], specs)
