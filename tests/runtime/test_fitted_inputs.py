"""Inputs as coremltools takes them: dtypes, names, defaults, shapes that go together."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from devsim.core.errors import BadInputError
from devsim.runtime.inputs import fit_inputs
from devsim.runtime.protocol import TensorSpec

HERE = Path("model.mlpackage")


def fit(spec: TensorSpec, value: Any) -> tuple[np.ndarray, tuple[str, ...]]:
    fitted = fit_inputs(HERE, [spec], {spec.name: value})
    return fitted.tensors[spec.name], fitted.notes


@pytest.mark.parametrize(
    ("dtype", "given", "expected", "note"),
    [
        ("float16", np.float32([1.5, -2]), [1.5, -2], "float32 and taken as float16"),
        ("float16", np.float64([1 / 3]), [np.float16(1 / 3)], "float64 and rounded to float16"),
        ("float32", np.float64([0.1]), [np.float32(0.1)], "float64 and rounded to float32"),
        ("float32", np.float16([0.5]), [0.5], "float16 and taken as float32"),
        ("float32", np.int64([2**24 + 1]), [2**24], "int64 and rounded to float32"),
        ("int32", np.int64([-5, 2**31 - 1]), [-5, 2**31 - 1], "int64 and taken as int32"),
        ("int32", np.float32([3, -0.0]), [3, 0], "float32 and taken as int32"),
        ("int32", np.array([True, False]), [1, 0], "bool and taken as int32"),
        ("int8", np.int32([-128, 127]), [-128, 127], "int32 and taken as int8"),
        ("float32", [1, 2], [1, 2], "int64 and taken as float32"),
        ("float32", torch.tensor([1.0, 2.0]), [1, 2], None),
    ],
)
def test_what_is_taken(dtype: str, given: Any, expected: list[float], note: str | None) -> None:
    array, notes = fit(TensorSpec("x", np.shape(given), dtype), given)
    assert array.dtype == dtype
    assert array.tolist() == [np.dtype(dtype).type(each) for each in expected]
    assert notes == (() if note is None else (f"'x' is given as {note}",))


def test_values_beyond_half_precision_are_said() -> None:
    array, notes = fit(TensorSpec("x", (4,), "float16"), np.float32([1, 1e6, -1e6, np.inf]))
    assert array.tolist() == [1, np.inf, -np.inf, np.inf]
    assert notes[0].endswith("rounded to float16, and 2 of its values are infinite then")


@pytest.mark.parametrize(
    ("dtype", "given", "said"),
    [
        ("int32", np.float32([0.5]), "float32 with values that int32 does not hold"),
        ("int32", np.float64([np.nan]), "float64 with values that int32 does not hold"),
        ("int32", np.int64([2**31]), "int64 with values that int32 does not hold"),
        ("int32", np.uint32([2**32 - 1]), "uint32 with values that int32 does not hold"),
        ("int32", np.float32([2**31]), "float32 with values that int32 does not hold"),
        ("int8", np.int32([128]), "int32 with values that int8 does not hold"),
        ("float32", np.array(["1"]), "<U1 (1,)"),
        ("float32", np.array([1j]), "complex128 (1,)"),
        ("float32", np.array([None]), "object (1,)"),
        ("float32", [[1], [1, 2]], "list"),
        ("float32", np.zeros((1, 1), np.float32), "float32 (1, 1)"),
        ("float32", torch.zeros(1, requires_grad=True), "Tensor"),
    ],
)
def test_what_is_refused(dtype: str, given: Any, said: str) -> None:
    with pytest.raises(BadInputError) as caught:
        fit(TensorSpec("x", (1,), dtype), given)
    assert str(caught.value) == f"model.mlpackage: input 'x' is {said}; give it as {dtype} (1,)"


def test_a_scalar_comes_as_core_ml_has_it() -> None:
    array, _ = fit(TensorSpec("x", (), "float32"), np.float32([7]))
    assert array.shape == ()
    assert array == 7


@pytest.mark.parametrize(
    ("own", "given"),
    [
        ("x_1", "x.1"),
        ("var_1", "1"),
        ("_1x", "1x"),
        ("a_b_c", "a/b:c"),
        ("state_workaround", "state"),
    ],
)
def test_a_name_as_it_was_before_the_conversion(own: str, given: str) -> None:
    """coremltools' own sanitizer makes the package's name."""
    from coremltools.converters.mil.mil.passes.defs.preprocess import NameSanitizer

    assert own in {NameSanitizer(p).sanitize_name(given) for p in (None, "var_")}
    fitted = fit_inputs(HERE, [TensorSpec(own, (1,), "float32")], {given: np.float32([2])})
    assert fitted.tensors[own].tolist() == [2]
    assert fitted.notes == (f"'{given}' is taken for the package's input '{own}'",)


def test_a_name_that_means_nothing_or_something_that_is_given() -> None:
    specs = [TensorSpec("x_1", (1,), "float32"), TensorSpec("y", (1,), "float32")]
    one = np.float32([1])
    for given in ({"z": one, "y": one}, {"x_1": one, "x.1": one, "y": one}):
        with pytest.raises(BadInputError, match=r"has no input '(z|x\.1)'; its inputs are: x_1, y"):
            fit_inputs(HERE, specs, given)
    with pytest.raises(BadInputError, match="'y' is missing; give x_1, y"):
        fit_inputs(HERE, specs, {"x.1": one})


def test_an_optional_input_has_its_default() -> None:
    specs = [
        TensorSpec("x", (2,), "float16"),
        TensorSpec("k", (2, 1), "float16", default=3.5),
    ]
    fitted = fit_inputs(HERE, specs, {"x": np.float16([1, 2])})
    assert fitted.tensors["k"].tolist() == [[3.5], [3.5]]
    assert fitted.tensors["k"].dtype == np.float16
    assert fitted.notes == ("'k' is not given: all of it is 3.5, its default",)
    with pytest.raises(BadInputError, match="'x' is missing"):
        fit_inputs(HERE, specs, {"k": np.float16([[1], [1]])})


RANGE = TensorSpec("x", (3,), "int32", (((3, 5),),))
LISTED = TensorSpec("x", (1, 2), "int32", (((1, 1), (2, 2)), ((1, 1), (5, 5))))


@pytest.mark.parametrize(
    ("spec", "shape", "said"),
    [
        (RANGE, (99,), "Size (99) of dimension (0) is not in allowed range (3..5)"),
        (RANGE, (2,), "Size (2) of dimension (0) is not in allowed range (3..5)"),
        (LISTED, (1, 3), "MultiArray Shape (1 x 3) was not in enumerated set of allowed shapes"),
        (LISTED, (1,), "MultiArray Shape (1) was not in enumerated set of allowed shapes"),
    ],
)
def test_shapes_are_refused_in_core_mls_words(
    spec: TensorSpec, shape: tuple[int, ...], said: str
) -> None:
    """The words are those that coremltools' torch tests expect of Core ML."""
    with pytest.raises(BadInputError, match="give it as int32") as caught:
        fit(spec, np.zeros(shape, np.int32))
    assert f"({said})" in str(caught.value)


def test_enumerated_shapes_are_taken_from_the_same_place_of_each_list() -> None:
    """Reported of Core ML: other combinations fail, though each shape is in its list."""
    other = TensorSpec("y", (4,), "float32", (((4, 4),), ((7, 7),)))
    x, y = LISTED, other

    def given(columns: int, size: int) -> dict[str, np.ndarray]:
        return {"x": np.zeros((1, columns), np.int32), "y": np.zeros(size, np.float32)}

    for columns, size in ((2, 4), (5, 7)):
        fit_inputs(HERE, [x, y], given(columns, size))
    for columns, size in ((2, 7), (5, 4)):
        with pytest.raises(BadInputError, match=r"does not take together; .*'x' as \(1, 2\)"):
            fit_inputs(HERE, [x, y], given(columns, size))


def test_a_shape_that_is_in_a_list_twice_goes_with_either() -> None:
    twice = TensorSpec("y", (4,), "float32", (((4, 4),), ((4, 4),)))
    for columns in (2, 5):
        given = {"x": np.zeros((1, columns), np.int32), "y": np.zeros(4, np.float32)}
        fit_inputs(HERE, [LISTED, twice], given)
