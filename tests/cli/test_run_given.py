"""devsim run and profile on what people have: pictures, classes, defaults, functions, pipelines."""

import json

import numpy as np
import pytest

ct = pytest.importorskip("coremltools")
torch = pytest.importorskip("torch")
from PIL import Image  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # of the tracer and of coremltools

PIXELS = np.random.default_rng(1).integers(0, 256, (4, 6, 3), dtype=np.uint8)


class Darker(torch.nn.Module):
    def forward(self, image):
        return image * 0.5


class Scores(torch.nn.Module):
    def forward(self, x, gain):
        return torch.softmax(x * gain, -1)


def _save(path, module, example, **options):
    ct.convert(
        torch.jit.trace(module.eval(), example),
        minimum_deployment_target=ct.target.iOS18,
        compute_precision=ct.precision.FLOAT32,
        skip_model_load=True,
        **options,
    ).save(str(path))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Packages: pictures, a classifier with a default, two functions of it, and a pipeline."""
    folder = tmp_path_factory.mktemp("given")
    shape = (1, 3, 4, 6)
    _save(
        folder / "darker.mlpackage",
        Darker(),
        torch.zeros(shape),
        inputs=[ct.ImageType("image", shape)],
        outputs=[ct.ImageType("y", color_layout=ct.colorlayout.RGB)],
    )
    _save(
        folder / "classes.mlpackage",
        Scores(),
        (torch.zeros(1, 3), torch.ones(1)),
        inputs=[
            ct.TensorType("x.1", (1, 3), np.float16),
            ct.TensorType("gain", (1,), default_value=np.float32([2])),
        ],
        classifier_config=ct.ClassifierConfig(["cat", "dog", "[b]fish"]),
    )
    for name, factor in (("half", 0.5), ("third", 1 / 3)):
        module = torch.nn.Linear(2, 2, bias=False)
        module.weight.data = factor * torch.eye(2)
        _save(
            folder / f"{name}.mlpackage",
            module,
            torch.zeros(1, 2),
            inputs=[ct.TensorType("x", (1, 2))],
            outputs=[ct.TensorType("x2" if name == "half" else "y")],
        )
    functions = ct.utils.MultiFunctionDescriptor()
    for name in ("half", "third"):
        functions.add_function(str(folder / f"{name}.mlpackage"), "main", name)
    functions.default_function_name = "third"
    ct.utils.save_multifunction(functions, str(folder / "two.mlpackage"))
    members = [
        ct.models.MLModel(str(folder / f"{name}.mlpackage"), skip_model_load=True)
        for name in ("half", "third")
    ]
    spec = members[1].get_spec()
    ct.utils.rename_feature(spec, "x", "x2")
    members[1] = ct.models.MLModel(spec, weights_dir=members[1].weights_dir, skip_model_load=True)
    ct.utils.make_pipeline(*members).save(str(folder / "both.mlpackage"))
    Image.fromarray(PIXELS).save(folder / "some.png")
    return folder


def run(devsim, cwd, *args):
    result = devsim("run", *args, "--json", "--samples", "1", cwd=cwd)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout), result.stderr


def outputs(devsim, folder, tmp_path, *args):
    told, said = run(devsim, folder, *args, "-o", tmp_path / "out.npz")
    return dict(np.load(tmp_path / "out.npz")), told, said


def test_a_png_is_an_input_and_its_pixels_are_an_array(folder, devsim, tmp_path):
    arrays, told, _ = outputs(
        devsim, folder, tmp_path, "darker.mlpackage", "--inputs", "image=some.png"
    )
    np.testing.assert_array_equal(arrays["y"], np.rint(PIXELS * 0.5))
    assert told["notes"] == []
    assert told["inputs"] == [{"name": "image", "shape": [4, 6, 3], "dtype": "uint8"}]
    np.savez(tmp_path / "in.npz", image=PIXELS)
    again, _, _ = outputs(
        devsim, folder, tmp_path, "darker.mlpackage", "--inputs", tmp_path / "in.npz", "--force"
    )
    np.testing.assert_array_equal(again["y"], arrays["y"])


def test_other_colors_are_converted_with_a_note(folder, devsim, tmp_path):
    Image.fromarray(PIXELS).convert("RGBA").save(tmp_path / "clear.png")
    picture = tmp_path / "clear.png"
    arrays, told, said = outputs(
        devsim, folder, tmp_path, "darker.mlpackage", "--inputs", f"image={picture}"
    )
    np.testing.assert_array_equal(arrays["y"], np.rint(PIXELS * 0.5))
    assert told["notes"] == [f"{picture}: converted from RGBA to RGB"]
    assert told["notes"][0] in said


def test_a_jpeg_is_read_as_pillow_reads_it(folder, devsim, tmp_path):
    Image.fromarray(PIXELS).save(tmp_path / "some.JPEG")
    with Image.open(tmp_path / "some.JPEG") as picture:
        truth = np.rint(np.asarray(picture) * 0.5)
    given = f"image={tmp_path / 'some.JPEG'}"
    arrays, _, _ = outputs(devsim, folder, tmp_path, "darker.mlpackage", "--inputs", given)
    np.testing.assert_array_equal(arrays["y"], truth)


def test_a_label_its_classes_and_what_was_done_to_inputs(folder, devsim, tmp_path):
    np.savez(tmp_path / "in.npz", **{"x.1": np.float32([[0, 1, 0]])})
    args = ("classes.mlpackage", "--inputs", tmp_path / "in.npz")
    arrays, told, _ = outputs(devsim, folder, tmp_path, *args)
    truth = np.exp([0, 2, 0]) / np.exp([0, 2, 0]).sum()
    assert arrays["classLabel"].item() == "dog"
    np.testing.assert_allclose(arrays["classLabel_probs"], truth, rtol=1e-3)
    label, shares = told["outputs"]
    assert label["label"] == "dog"
    assert shares["classes"][0] == ["dog", pytest.approx(truth[1], rel=1e-3)]
    assert {name for name, _ in shares["classes"]} == {"cat", "dog", "[b]fish"}
    assert told["notes"] == [
        "'x.1' is taken for the package's input 'x_1'",
        "'x_1' is given as float32 and taken as float16",
        "'gain' is not given: all of it is 2, its default",
    ]
    shown = devsim("run", *args, "--samples", "1", cwd=folder)
    assert "classLabel: dog" in shown.stdout
    assert "[b]fish 0.107" in shown.stdout
    compared, _ = run(devsim, folder, *args, "--compare", folder / "classes.mlpackage")
    assert all(each["equal"] for each in compared["differences"])


@pytest.mark.parametrize(("args", "factor"), [((), 1 / 3), (("--function", "half"), 0.5)])
def test_a_function_is_chosen(folder, devsim, tmp_path, args, factor):
    np.savez(tmp_path / "in.npz", x=np.float32([[3, 6]]))
    arrays, _, _ = outputs(
        devsim, folder, tmp_path, "two.mlpackage", "--inputs", tmp_path / "in.npz", *args
    )
    (result,) = arrays.values()
    np.testing.assert_allclose(result, np.float32([[3, 6]]) * factor, rtol=1e-6)


def test_a_pipeline_runs_and_its_parts_are_what_it_computes(folder, devsim, tmp_path):
    np.savez(tmp_path / "in.npz", x=np.float32([[3, 6]]))
    whole, _, _ = outputs(
        devsim, folder, tmp_path, "both.mlpackage", "--inputs", tmp_path / "in.npz"
    )
    assert whole["y"].tolist() == [[0.5, 1.0]]
    split = devsim(
        "split", "both.mlpackage", "-o", tmp_path / "parts", "--blocks", 2, "--json", cwd=folder
    )
    assert split.returncode == 0, split.stderr
    told = json.loads(split.stdout)
    assert [block["name"] for block in told["blocks"]] == ["block_00", "block_01"]
    assert [each["name"] for each in told["cuts"][0]["boundary"]] == ["x2"]
    arrays = {"x": np.float32([[3, 6]])}
    for name in ("block_00", "block_01"):
        np.savez(tmp_path / "in.npz", **arrays)
        package = tmp_path / "parts" / "both" / f"{name}.mlpackage"
        arrays, _, _ = outputs(
            devsim, folder, tmp_path, package, "--inputs", tmp_path / "in.npz", "--force"
        )
    assert arrays["y"].tobytes() == whole["y"].tobytes()


@pytest.mark.parametrize(
    ("package", "args", "blocks"),
    [("two.mlpackage", ("--function", "half"), 1), ("both.mlpackage", (), 2)],
)
def test_a_package_is_profiled_as_it_is(folder, devsim, tmp_path, package, args, blocks):
    result = devsim(
        "profile", package, *args, "-o", tmp_path / "p.json", "--samples", 1, "--cold-samples", 1,
        cwd=folder,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    profile = json.loads((tmp_path / "p.json").read_text())
    assert [len(stage["blocks"]) for stage in profile["stages"]] == [blocks]
    assert [each.name for each in tmp_path.iterdir()] == ["p.json"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (
            ["run", "darker.mlpackage", "--inputs", "image=tall.png"],
            "is 6 high and 4 wide; resize it to a height and width that input 'image' takes: "
            "(4, 6, 3)",
        ),
        (["run", "darker.mlpackage", "--inputs", "image=cat"], "is not NAME=PICTURE"),
        (["run", "darker.mlpackage", "--inputs", "cat=GOOD"], "no input 'cat'; its inputs are: im"),
        (
            ["run", "darker.mlpackage", "--inputs", "image=GOOD", "--inputs", "image=GOOD"],
            "'image' is given twice",
        ),
        (["run", "two.mlpackage", "--function", "none"], "use one of: half, third"),
        (["run", "both.mlpackage", "--function", "main"], "is a pipeline, which has no functions"),
        (["profile", "x.mlmodelc", "-o", "p.json"], "x.mlmodelc: is a compiled model"),
        (["split", "x.mlmodelc", "--blocks", "2", "-o", "s"], "x.mlmodelc: is a compiled model"),
        (["split", "both.mlpackage", "--blocks", "3", "-o", "s"], "ask for --blocks 2"),
        (["profile", "two.mlpackage", "-o", "p.json"], "name one with --function: half, third"),
        (["profile", "s", "--function", "half", "-o", "p.json"], "leave out --function"),
    ],
)  # fmt: skip
def test_wrong_use_is_one_line(args, said, folder, devsim, tmp_path):
    for package in ("darker", "half", "two", "both"):
        (tmp_path / f"{package}.mlpackage").symlink_to(folder / f"{package}.mlpackage")
    Image.fromarray(PIXELS.transpose(1, 0, 2)).save(tmp_path / "tall.png")
    (tmp_path / "x.mlmodelc").mkdir()
    (tmp_path / "x.mlmodelc" / "coremldata.bin").write_bytes(bytes(64))
    before = sorted(tmp_path.iterdir())
    given = [each.replace("GOOD", str(folder / "some.png")) for each in args]
    result = devsim(*given, cwd=tmp_path)
    assert result.returncode == 2, result.stderr
    (line,) = result.stderr.strip().splitlines()
    assert said in line
    assert sorted(tmp_path.iterdir()) == before
