import json

import numpy as np
import pytest


@pytest.fixture(scope="module")
def package(tiny_models):
    return tiny_models / "stdit" / "st_00.mlpackage"


def run(devsim, *args, cwd):
    result = devsim("run", *args, "--json", "--samples", "1", cwd=cwd)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_outputs_are_written_and_told(package, devsim, tmp_path):
    told = run(devsim, package, "-o", "out.npz", cwd=tmp_path)
    written = np.load(tmp_path / "out.npz")
    (output,) = told["outputs"]
    assert written.files == [output["name"]] == ["x_out"]
    assert list(written["x_out"].shape) == output["shape"]
    assert written["x_out"].mean(dtype=np.float64) == pytest.approx(output["mean"], rel=1e-6)
    assert written["x_out"].max() == output["high"]
    assert output["not_finite"] == 0
    assert {"cold_load_s", "compute_s", "resident_bytes", "activation_bytes"} <= told.keys()


def test_given_inputs_are_used_and_the_same_inputs_give_the_same_outputs(package, devsim, tmp_path):
    ports = run(devsim, package, cwd=tmp_path)["inputs"]
    rng = np.random.default_rng(1)
    given = {p["name"]: rng.standard_normal(p["shape"], dtype=np.float32) for p in ports}
    np.savez(tmp_path / "in.npz", **given)
    for name in ("one.npz", "two.npz"):
        run(devsim, package, "--inputs", "in.npz", "-o", name, cwd=tmp_path)
    run(devsim, package, "-o", "random.npz", cwd=tmp_path)
    one, two, random = (
        np.load(tmp_path / f"{name}.npz")["x_out"] for name in ("one", "two", "random")
    )
    assert np.array_equal(one, two)
    assert not np.array_equal(one, random)


def test_seed_chooses_the_random_inputs(package, devsim, tmp_path):
    means = [
        run(devsim, package, "--seed", seed, cwd=tmp_path)["outputs"][0]["mean"]
        for seed in (0, 0, 1)
    ]
    assert means[0] == means[1] != means[2]


def test_a_package_is_equal_to_itself_and_not_to_another(package, devsim, tmp_path):
    same, other = (
        run(devsim, package, "--compare", path, cwd=tmp_path)["differences"][0]
        for path in (package, package.with_name("st_01.mlpackage"))
    )
    assert same["equal"]
    assert same["max_error"] == 0
    assert not other["equal"]
    assert other["psnr_db"] < 60


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["none.mlpackage"], "none.mlpackage"),
        (["PACKAGE", "-o", "out.txt"], "end its name in .npz"),
        (["PACKAGE", "--inputs", "none.npz"], "none.npz: no such file"),
        (["PACKAGE", "--inputs", "text.npz"], "text.npz: is not an .npz file"),
        (["PACKAGE", "--inputs", "other.npz"], "has no input 'nonsense'; its inputs are: x, y"),
        (["PACKAGE", "--inputs", "some.npz"], "'mask' is missing"),
        (["PACKAGE", "--runtime", "magic"], "unknown runtime 'magic'"),
    ],
)
def test_wrong_use_is_one_line(args, said, package, devsim, tmp_path):
    (tmp_path / "text.npz").write_text("not arrays")
    np.savez(tmp_path / "other.npz", nonsense=np.zeros(1))
    np.savez(tmp_path / "some.npz", x=np.zeros((2, 8, 64), np.float32))
    before = sorted(tmp_path.iterdir())
    result = devsim("run", *(package if a == "PACKAGE" else a for a in args), cwd=tmp_path)
    assert result.returncode == 2, result.stderr
    (line,) = result.stderr.strip().splitlines()
    assert said in line
    assert sorted(tmp_path.iterdir()) == before


def test_terminal_view(package, devsim, tmp_path):
    shown = devsim("run", package, "--compare", package, cwd=tmp_path)
    assert shown.returncode == 0
    assert "x_out" in shown.stdout
    assert "equal" in shown.stdout
