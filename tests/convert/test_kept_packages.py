"""What a second conversion into a folder keeps, adds, and refuses to replace."""

import pytest
from toy import ToyBlock, ToyPipeline, ToyStage

from devsim.convert import convert_workload
from devsim.core.errors import BadInputError
from devsim.core.files import package_digest
from devsim.core.manifest import Manifest


def two_stages():
    stages = [ToyStage("early", [ToyBlock("one", 1)]), ToyStage("late", [ToyBlock("two", 2)])]
    return ToyPipeline(stages=stages)


def converted(folder, pipeline, **changes):
    return convert_workload(pipeline, folder, **changes), pipeline.built


def packages(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.mlpackage"))


def test_a_finished_folder_is_kept_as_it_is(tmp_path):
    manifest, _ = converted(tmp_path, two_stages())
    again, built = converted(tmp_path, two_stages())
    assert (again, built) == (manifest, [0, 0])


def test_a_damaged_package_of_a_finished_folder_is_made_again(tmp_path):
    manifest, _ = converted(tmp_path, two_stages())
    damaged = tmp_path / "late" / "two.mlpackage"
    next(damaged.rglob("weight.bin")).write_bytes(b"")
    again, built = converted(tmp_path, two_stages())
    assert (again, built) == (manifest, [0, 1])
    assert package_digest(damaged) == manifest.stages[1].blocks[0].digest


def test_stages_are_converted_one_after_another(tmp_path):
    late, built = converted(tmp_path, two_stages(), stages=["late"])
    assert ([stage.name for stage in late.stages], built) == (["late"], [0, 1])
    both, built = converted(tmp_path, two_stages(), stages=["early"])
    assert ([stage.name for stage in both.stages], built) == (["early", "late"], [1, 0])
    assert both == convert_workload(two_stages(), tmp_path / "at once")
    with pytest.raises(BadInputError, match="no stage 'nope'; choose one of: early, late"):
        convert_workload(two_stages(), tmp_path, stages=["nope"])


def test_another_precision_is_added_beside_the_first(tmp_path):
    converted(tmp_path, two_stages())
    manifest, built = converted(tmp_path, two_stages(), precisions=["late=fp32+fp16"])
    assert built == [0, 1]
    late = manifest.stages[1]
    assert (late.precision, list(late.alternatives)) == ("fp32", ["fp16"])
    assert packages(tmp_path) == [
        "early/one.mlpackage",
        "late/fp16/two.mlpackage",
        "late/two.mlpackage",
    ]


def test_another_precision_instead_of_the_first_needs_force(tmp_path):
    manifest, _ = converted(tmp_path, two_stages())
    with pytest.raises(BadInputError, match=r"late/two\.mlpackage is of another conversion"):
        convert_workload(two_stages(), tmp_path, precisions=["late=fp16"])
    assert Manifest.read(tmp_path / "manifest.json") == manifest
    replaced, built = converted(tmp_path, two_stages(), precisions=["late=fp16"], force=True)
    assert built == [0, 1]
    assert [stage.precision for stage in replaced.stages] == ["fp32", "fp16"]
    assert replaced.stages[0] == manifest.stages[0]


def test_a_replacement_that_is_stopped_leaves_a_manifest_of_the_other_stages(tmp_path):
    manifest, _ = converted(tmp_path, two_stages())
    failing = two_stages()
    failing.stages[1].blocks[0].build = None
    with pytest.raises(TypeError):
        convert_workload(failing, tmp_path, stages=["late"], precisions=["late=fp16"], force=True)
    left = Manifest.read(tmp_path / "manifest.json")
    assert left.stages == manifest.stages[:1]
    assert packages(tmp_path) == ["early/one.mlpackage"]


def test_alternatives_are_in_folders_of_their_variants(tmp_path):
    pipeline = two_stages()
    pipeline.stages[1].blocks.append(ToyBlock("three", 3))
    pipeline.stages[1].alternatives["merged"] = [ToyBlock("three", 4)]
    manifest, _ = converted(tmp_path, pipeline)
    late = manifest.stages[1]
    two, three = late.variant("merged")
    assert (two.package, three.package) == ("late/two.mlpackage", "late/merged/three.mlpackage")
    assert three.digest == package_digest(tmp_path / three.package) != late.blocks[1].digest
