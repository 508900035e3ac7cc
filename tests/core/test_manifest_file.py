"""Manifests name packages inside their own folder, and nothing elsewhere."""

import pytest
from pydantic import ValidationError

from devsim.core.errors import BadFileError, BadInputError
from devsim.core.manifest import MANIFEST_NAME, Manifest


def document(package="stdit/block0.mlpackage", stages=("stdit",), blocks=("block0",)) -> dict:
    port = {"name": "x", "tensor": "x", "shape": [1, 4], "dtype": "float32"}
    each = {
        "package": package,
        "digest": "00",
        "weight_bytes": 1,
        "parameters": 1,
        "flops": 1,
        "inputs": [port],
        "outputs": [{**port, "name": "y"}],
    }
    return {
        "schema_version": 1,
        "workload": "made",
        "size": "tiny",
        "weights": "random seed 0",
        "shape": "none",
        "stages": [
            {
                "name": stage,
                "iterations": 1,
                "precision": "fp32",
                "blocks": [{"name": name, **each} for name in blocks],
            }
            for stage in stages
        ],
    }


def test_manifest_is_read_back(tmp_path):
    manifest = Manifest.model_validate(document())
    manifest.write(tmp_path / MANIFEST_NAME)
    assert Manifest.read(tmp_path / MANIFEST_NAME) == manifest


@pytest.mark.parametrize(
    "package",
    ["/etc/passwd", "../other.mlpackage", "a/../../b", "a/..", "..", ".", "", "a\0b", "./a", "..a"],
)
def test_package_outside_the_folder_is_refused(package):
    with pytest.raises(ValidationError, match="should match pattern"):
        Manifest.model_validate(document(package))


@pytest.mark.parametrize("package", ["a.mlpackage", "a/b.mlpackage", "a..b/c"])
def test_package_inside_the_folder_is_taken(package):
    made = Manifest.model_validate(document(package))
    assert made.stages[0].blocks[0].package == package


def test_names_are_unique():
    with pytest.raises(ValidationError, match="stage stdit has two blocks of one name"):
        Manifest.model_validate(document(blocks=("block0", "block0")))
    with pytest.raises(ValidationError, match="two stages share a name"):
        Manifest.model_validate(document(stages=("stdit", "stdit")))


def with_alternatives(**variants) -> Manifest:
    made = document(blocks=("part1", "st_00", "part2"))
    (stage,) = made["stages"]
    stage["alternatives"] = {
        variant: [{**stage["blocks"][0], "name": name, "package": f"{variant}/{name}"}]
        for variant, name in variants.items()
    }
    return Manifest.model_validate(made)


def test_a_variant_shares_the_blocks_that_it_leaves_out():
    (stage,) = with_alternatives(tdtm="st_00").stages
    assert stage.variant("fp32") == stage.blocks
    part1, pair, part2 = stage.variant("tdtm")
    assert (part1, part2) == (stage.blocks[0], stage.blocks[2])
    assert (pair.name, pair.package) == ("st_00", "tdtm/st_00")
    assert stage.packages() == (*stage.blocks, pair)
    with pytest.raises(BadInputError, match="no variant 'int8'; its variants are: fp32, tdtm"):
        stage.variant("int8")


def test_an_alternative_is_of_a_block_of_the_stage():
    with pytest.raises(ValidationError, match="of block st_09, which stage stdit has not"):
        with_alternatives(tdtm="st_09")
    with pytest.raises(ValidationError, match="stage stdit has variant 'fp32' twice"):
        with_alternatives(fp32="st_00")


def test_one_precision_of_all_stages_is_still_read():
    old = document(stages=("t5", "stdit"))
    for stage in old["stages"]:
        del stage["precision"]
    made = Manifest.model_validate({**old, "precision": "fp16"})
    assert [stage.precision for stage in made.stages] == ["fp16", "fp16"]
    with pytest.raises(ValidationError, match=r"stages.0.precision\n  Field required"):
        Manifest.model_validate(old)


def test_bad_manifest_is_refused_in_one_line(tmp_path):
    path = tmp_path / MANIFEST_NAME
    path.write_text('{"schema_version": 1, "workload": "made"}')
    with pytest.raises(BadFileError) as error:
        Manifest.read(path)
    assert str(error.value).startswith(f"{path}: size: Field required; ")
    assert len(str(error.value).splitlines()) == 1
