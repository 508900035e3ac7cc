import json
import subprocess
import sys

import pytest
import torch
from torch import nn
from toy import ToyBlock, ToyPipeline, ToyStage

from devsim.convert import convert_workload
from devsim.core.errors import BadInputError
from devsim.core.files import package_digest
from devsim.core.manifest import Manifest
from devsim.runtime.reference import ReferenceRuntime


class StoppedError(Exception):
    pass


def stop_after_first(at):
    if at.done == 1:
        raise StoppedError


def interrupted(out, **changes):
    with pytest.raises(StoppedError):
        convert_workload(ToyPipeline(**changes), out, on_progress=stop_after_first)


def files(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_the_folder_holds_packages_and_their_manifest(tmp_path):
    manifest = convert_workload(ToyPipeline(), tmp_path)
    assert Manifest.read(tmp_path / "manifest.json") == manifest
    content = ["Data/com.apple.CoreML/model.mlmodel", "Data/com.apple.CoreML/weights/weight.bin"]
    content.append("Manifest.json")
    packages = ["only/first.mlpackage", "only/second.mlpackage"]
    assert files(tmp_path) == ["manifest.json", *(f"{p}/{c}" for p in packages for c in content)]
    (stage,) = manifest.stages
    assert (stage.name, stage.iterations) == ("only", 3)
    assert [block.package for block in stage.blocks] == packages
    for block in stage.blocks:
        assert block.digest == package_digest(tmp_path / block.package)
        assert (block.parameters, block.flops) == (32 * 32 + 32, 2 * 2 * 32 * 32)
        assert 0 <= block.weight_bytes - 4 * block.parameters < 512


def test_a_package_computes_what_its_module_does(tmp_path):
    convert_workload(ToyPipeline(), tmp_path)
    x = torch.randn(2, 32)
    loaded = ReferenceRuntime().load(tmp_path / "only/second.mlpackage")
    expected = ToyBlock("second", 2).build()(x).numpy()
    assert abs(loaded.predict({"x": x.numpy()})["x_out"] - expected).max() < 1e-6


def test_progress_names_every_block(tmp_path):
    seen = []
    convert_workload(ToyPipeline(), tmp_path, on_progress=seen.append)
    assert [(at.stage, at.block, at.done, at.total, at.reused) for at in seen] == [
        ("only", "first", 1, 2, False),
        ("only", "second", 2, 2, False),
    ]


def test_the_same_request_gives_the_same_bytes(tmp_path):
    first = convert_workload(ToyPipeline(), tmp_path / "first")
    assert convert_workload(ToyPipeline(), tmp_path / "second") == first


def test_an_interrupted_run_goes_on(tmp_path):
    interrupted(tmp_path)
    assert not (tmp_path / "manifest.json").exists()
    again = ToyPipeline()
    seen = []
    manifest = convert_workload(again, tmp_path, on_progress=seen.append)
    assert again.built == [0, 1]
    assert [at.reused for at in seen] == [True, False]
    assert manifest == convert_workload(ToyPipeline(), tmp_path / "straight")
    assert "only/first.mlpackage/Manifest.json" in files(tmp_path)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    "change", [{"size": "tiny"}, {"shape": "4x32"}, {"weights": "random seed 1"}, "fp16"], ids=str
)
def test_another_request_reuses_nothing(tmp_path, change):
    interrupted(tmp_path)
    changed = ToyPipeline(**change) if isinstance(change, dict) else ToyPipeline()
    convert_workload(changed, tmp_path, precisions=["fp16"] if change == "fp16" else [])
    assert changed.built == [1, 1]


def test_a_damaged_package_is_converted_again(tmp_path):
    interrupted(tmp_path)
    weights = next(tmp_path.rglob("weight.bin"))
    weights.write_bytes(weights.read_bytes()[:-1])
    again = ToyPipeline()
    convert_workload(again, tmp_path)
    assert again.built == [1, 1]


def test_a_truncated_record_is_not_trusted(tmp_path):
    interrupted(tmp_path)
    record = next((tmp_path / ".converting" / "records").iterdir())
    record.write_bytes(record.read_bytes()[:40])
    again = ToyPipeline()
    convert_workload(again, tmp_path)
    assert again.built == [1, 1]


def test_what_a_killed_run_left_is_removed(tmp_path):
    (tmp_path / ".converting" / "partial" / "only" / "third.mlpackage").mkdir(parents=True)
    convert_workload(ToyPipeline(), tmp_path)
    assert not list(tmp_path.glob(".*"))


def test_converted_packages_are_replaced_only_by_force(tmp_path):
    convert_workload(ToyPipeline(), tmp_path)
    fewer = ToyPipeline(stages=[ToyStage("only", [ToyBlock("second", 5)])])
    before = files(tmp_path)
    with pytest.raises(
        BadInputError, match=r"first\.mlpackage is of another conversion; add --force"
    ):
        convert_workload(fewer, tmp_path)
    assert files(tmp_path) == before
    manifest = convert_workload(fewer, tmp_path, force=True)
    assert [path.name for path in (tmp_path / "only").iterdir()] == ["second.mlpackage"]
    (block,) = manifest.stages[0].blocks
    assert block.digest == package_digest(tmp_path / block.package)


def test_a_block_that_fails_leaves_no_half_package(tmp_path):
    class Broken(nn.Module):
        def forward(self, x):
            return torch.linalg.svd(x)[1]

    pipeline = ToyPipeline()
    pipeline.stages[0].blocks[1].build = Broken
    with pytest.raises(NotImplementedError):
        convert_workload(pipeline, tmp_path)
    assert [path.name for path in (tmp_path / "only").iterdir()] == ["first.mlpackage"]
    assert not (tmp_path / "manifest.json").exists()


def test_bad_arguments_are_one_clear_line(tmp_path):
    with pytest.raises(BadInputError, match="no precision 'int5'; choose one of: fp32, fp16"):
        convert_workload(ToyPipeline(), tmp_path, precisions=["int5"])
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInputError, match="cannot be written"):
        convert_workload(ToyPipeline(), tmp_path / "file" / "models")


def test_converting_prints_nothing(tmp_path):
    program = (
        "import sys; from pathlib import Path; from toy import ToyPipeline;"
        "from devsim.convert import convert_workload;"
        "convert_workload(ToyPipeline(), Path(sys.argv[1]))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path), "OMP_NUM_THREADS": "1"},
        check=True,
    )
    assert (result.stdout, result.stderr) == ("", "")
    assert json.loads((tmp_path / "manifest.json").read_text())["workload"] == "toy"


def test_importing_convert_imports_neither_torch_nor_coremltools():
    program = "import sys, devsim.convert; print({'torch', 'coremltools'} & sys.modules.keys())"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.stdout == "set()\n"


def test_without_coremltools_the_extra_is_named(tmp_path):
    program = (
        "import sys; sys.modules['coremltools'] = None; from pathlib import Path;"
        "from devsim.convert import convert_workload; convert_workload(None, Path(sys.argv[1]))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True
    )
    assert "pip install 'devsim[coreml]'" in result.stderr
