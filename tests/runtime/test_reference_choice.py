import pytest

from devsim.core.errors import BadInputError
from devsim.runtime.choose import open_runtime


@pytest.mark.parametrize(("name", "mapped"), [("reference", False), ("reference:mapped", True)])
def test_the_name_says_how_weights_are_held(name, mapped, tiny_models):
    package = open_runtime(name, 1).load(tiny_models / "stdit" / "st_00.mlpackage")
    weights = (tiny_models / "stdit" / "st_00.mlpackage").rglob("weight.bin")
    size = sum(path.stat().st_size for path in weights)
    assert (package.mapped_bytes >= size) is mapped
    assert (package.resident_bytes >= size) is not mapped
    package.unload()


def test_any_other_way_is_refused():
    with pytest.raises(BadInputError, match=r"does not hold weights 'zipped'; use reference \("):
        open_runtime("reference:zipped", 1)
