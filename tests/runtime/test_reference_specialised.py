"""Predicts of shapes that came before, against fresh loads and against numpy."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mil_packages import mb, save_counting, save_flexible

from devsim.core.errors import DevsimError
from devsim.mlpackage.package import open_package
from devsim.runtime.reference import ReferenceRuntime
from devsim.runtime.reference.compiler import compile_program
from devsim.runtime.reference.known import _NEW_AT_EVERY_RUN, _OPAQUE, _SHAPED_BY_VALUES
from devsim.runtime.reference.ops import OPERATIONS
from devsim.runtime.reference.program import Step, run
from devsim.runtime.reference.specialise import Form, Forms

Array = np.ndarray


def _size(x: Any, axis: int) -> Any:
    return mb.gather(x=mb.shape(x=x), indices=[axis], axis=0)


def _flipped_shape(x: Any) -> Any:
    """[a, b] to [b, a] without a transposition, and a position added to each row."""
    shape = mb.concat(values=[_size(x, 1), _size(x, 0)], axis=0)
    rows = mb.range_1d(start=0, end=mb.squeeze(x=_size(x, 1), axes=[0]), step=1)
    position = mb.expand_dims(x=mb.cast(x=rows, dtype="fp32"), axes=[1])
    return mb.add(x=mb.reshape(x=x, shape=shape), y=position)


def _flipped_shape_truth(x: Array) -> Array:
    rows, columns = x.shape
    return x.reshape(columns, rows) + np.arange(columns, dtype=np.float32)[:, None]


def _numbers(*shape: int) -> Array:
    return np.random.default_rng(sum(shape)).integers(-2, 3, shape).astype(np.float32)


def _run(
    forms: Forms, weights: dict[str, Array] | None = None, **inputs: Array
) -> tuple[Form, list[Any]]:
    """One predict by hand: the form that it used, and the outputs."""
    program = forms.program
    frame = list(program.template)
    for slot, blob in program.blobs:
        frame[slot] = torch.from_numpy((weights or {})[blob.name])
    shapes = tuple(inputs[port.spec.name].shape for port in program.inputs)
    form = forms.of(shapes)
    for slot, value in form.values:
        frame[slot] = value
    for port in program.inputs:
        frame[port.slot] = torch.from_numpy(inputs[port.spec.name])
    run(form.steps, frame, 100)
    if form.notes is not None:
        forms.add(shapes, form.notes)
    return form, [frame[port.slot] for port in program.outputs]


def _forms(package: Path) -> Forms:
    return Forms(compile_program(open_package(package)))


def _kinds(form: Form) -> list[str]:
    return [step.kind for step in form.steps if isinstance(step, Step)]


@pytest.fixture(scope="module")
def flipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flipped")
    return save_flexible(folder, _flipped_shape, {"x": ("a", "b")})


def test_shapes_in_turn(flipped: Path) -> None:
    loaded = ReferenceRuntime().load(flipped)
    for shape in [(2, 3), (3, 2), (2, 3), (6, 1), (3, 2), (6, 1), (2, 3)]:
        x = _numbers(*shape)
        (actual,) = loaded.predict({"x": x}).values()
        np.testing.assert_array_equal(actual, _flipped_shape_truth(x))


def test_the_second_predict_of_a_shape_has_fewer_steps(flipped: Path) -> None:
    forms = _forms(flipped)
    first, _ = _run(forms, x=_numbers(2, 3))
    second, (actual,) = _run(forms, x=_numbers(2, 3) + 1)
    assert {"shape", "gather", "range_1d", "cast"} < set(_kinds(first))
    assert _kinds(second) == ["reshape", "add"]
    assert second.notes is None
    np.testing.assert_array_equal(actual, _flipped_shape_truth(_numbers(2, 3) + 1))
    other, _ = _run(forms, x=_numbers(3, 2))
    assert _kinds(other) == _kinds(first)


def test_loads_of_a_package_share_what_was_found(flipped: Path) -> None:
    runtime = ReferenceRuntime()
    x = _numbers(4, 5)
    for _ in range(3):
        loaded = runtime.load(flipped)
        (actual,) = loaded.predict({"x": x}).values()
        np.testing.assert_array_equal(actual, _flipped_shape_truth(x))
        loaded.unload()


def test_only_the_last_shapes_are_kept(flipped: Path) -> None:
    forms = _forms(flipped)
    shapes = [(a, b) for a in range(1, 5) for b in range(1, 6)]
    for shape in shapes:
        _run(forms, x=_numbers(*shape))
    kept = [shape for shape in shapes if forms.of((shape,)).notes is None]
    assert kept == shapes[-8:]
    _run(forms, x=_numbers(*kept[0]))
    for shape in shapes[:7]:
        _run(forms, x=_numbers(*shape))
    assert forms.of((kept[0],)).notes is None
    loaded = ReferenceRuntime().load(flipped)
    for shape in shapes + shapes[::-1] + shapes[::3]:
        x = _numbers(*shape)
        (actual,) = loaded.predict({"x": x}).values()
        np.testing.assert_array_equal(actual, _flipped_shape_truth(x))


def test_first_predicts_on_several_threads(flipped: Path) -> None:
    runtime = ReferenceRuntime()
    loads = [runtime.load(flipped) for _ in range(2)]
    start = threading.Barrier(6)
    wrong: list[tuple[int, int]] = []

    def predict(number: int) -> None:
        start.wait()
        for turn in range(60):
            shape = 1 + turn % 5, 1 + (turn + number) % 3
            x = _numbers(*shape) + number
            (actual,) = loads[number % 2].predict({"x": x}).values()
            if not np.array_equal(actual, _flipped_shape_truth(x)):
                wrong.append(shape)

    threads = [threading.Thread(target=predict, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def _list_of_as_many(x: Any) -> Any:
    """A list with as many elements as the first number says, and the shape of all of them."""
    count = mb.cast(x=mb.reduce_max(x=x), dtype="int32")
    _, made = mb.while_loop(
        _cond=lambda i, ls: mb.less(x=i, y=count),
        _body=lambda i, ls: (mb.add(x=i, y=1), mb.list_write(ls=ls, index=i, value=[1.0, 2.0])),
        loop_vars=(np.int32(0), mb.make_list(init_length=1, elem_shape=(2,), dtype="fp32")),
    )
    places = mb.range_1d(start=0, end=mb.list_length(ls=made), step=1)
    return mb.fill(shape=mb.shape(x=mb.list_gather(ls=made, indices=places)), value=3.0)


SHAPED_BY_DATA: dict[str, tuple[Callable[[Any], Any], Callable[[Array], Array]]] = {
    "non_zero": (
        lambda x: mb.fill(shape=mb.shape(x=mb.non_zero(x=x)), value=2.0),
        lambda x: np.full((np.count_nonzero(x), 2), 2, np.float32),
    ),
    "range_1d": (
        lambda x: mb.fill(
            shape=mb.shape(x=mb.range_1d(start=0.0, end=mb.reduce_max(x=x), step=1.0)), value=2.0
        ),
        lambda x: np.full(int(x.max()), 2, np.float32),
    ),
    "a computed size": (
        lambda x: mb.shape(
            x=mb.tile(x=x, reps=mb.cast(x=mb.reduce_max(x=x, axes=[0]), dtype="int32"))
        ),
        lambda x: np.array([x.shape[i] * x[:, i].max() for i in range(2)]),
    ),
    "a list": (_list_of_as_many, lambda x: np.full((int(x.max()), 2), 3, np.float32)),
}


@pytest.mark.parametrize(("build", "truth"), SHAPED_BY_DATA.values(), ids=SHAPED_BY_DATA)
def test_shapes_that_depend_on_data(
    tmp_path: Path, build: Callable[[Any], Any], truth: Callable[[Array], Array]
) -> None:
    loaded = ReferenceRuntime().load(save_flexible(tmp_path, build, {"x": ("n", 2)}))
    for numbers in ([2, 2], [1, 1], [1, 2], [2, 1], [2, 2]):
        x = np.array([numbers, [2, 2]], np.float32)
        for given in (x, x[:1], np.concatenate([x, x])):
            (actual,) = loaded.predict({"x": given}).values()
            np.testing.assert_array_equal(actual, truth(given))


def _by_size(x: Any) -> Any:
    """Twice the input of more than two rows, else its negative; and what the data decides."""
    many = mb.squeeze(x=mb.greater(x=_size(x, 0), y=[2]), axes=[0])
    by_size = mb.cond(
        pred=many,
        _true_fn=lambda: mb.mul(x=mb.add(x=x, y=x), y=np.float32(1)),
        _false_fn=lambda: mb.mul(x=x, y=np.float32(-1)),
    )
    by_data = mb.cond(
        pred=mb.greater(x=mb.reduce_sum(x=x), y=np.float32(0)),
        _true_fn=lambda: mb.add(x=by_size, y=mb.cast(x=_size(x, 0), dtype="fp32")),
        _false_fn=lambda: mb.identity(x=by_size),
    )
    return by_size, by_data


def test_conditions_on_sizes_and_on_data(tmp_path: Path) -> None:
    package = save_flexible(tmp_path, _by_size, {"x": ("n", 3)})
    loaded = ReferenceRuntime().load(package)
    for rows in (1, 4, 1, 4, 2, 3, 2, 3, 3, 1):
        for sign in (1, -1, 1):
            x = np.full((rows, 3), sign, np.float32)
            by_size, by_data = loaded.predict({"x": x}).values()
            wanted = x * 2 if rows > 2 else -x
            np.testing.assert_array_equal(by_size, wanted)
            np.testing.assert_array_equal(by_data, wanted + rows if sign > 0 else wanted)
    forms = _forms(package)
    for rows, branch in ((1, ["mul", ""]), (3, ["add", "mul", ""])):
        _run(forms, x=_numbers(rows, 3))
        form, _ = _run(forms, x=_numbers(rows, 3))
        assert _kinds(form)[: len(branch) + 1] == [*branch, "reduce_sum"]


def test_random_numbers_differ_and_their_shape_is_kept(tmp_path: Path) -> None:
    def build(x: Any) -> Any:
        noise = mb.random_normal(shape=mb.shape(x=x))
        return noise, mb.random_uniform(shape=[4], seed=7), mb.shape(x=noise)

    package = save_flexible(tmp_path, build, {"x": ("n", "m")})
    loaded = ReferenceRuntime().load(package)
    results = [tuple(loaded.predict({"x": _numbers(3, 5)}).values()) for _ in range(4)]
    assert len({noise.tobytes() for noise, _, _ in results}) == 4
    assert len({seeded.tobytes() for _, seeded, _ in results}) == 1
    assert all(shape.tolist() == [3, 5] for _, _, shape in results)
    forms = _forms(package)
    _run(forms, x=_numbers(3, 5))
    assert _kinds(_run(forms, x=_numbers(3, 5))[0]) == ["random_normal", "random_uniform"]


class Counting(torch.nn.Module):
    """Adds up its inputs, and as much for each row of every one."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("total", torch.zeros(3, dtype=torch.float16))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.total.add_(x.sum(0) + x.shape[0])
        return self.total + torch.zeros(x.shape[0], 1, dtype=torch.float16)


@pytest.mark.filterwarnings("ignore")  # of the tracer and of coremltools
def test_states_advance(tmp_path: Path) -> None:
    half = np.float16
    loaded = ReferenceRuntime().load(save_counting(tmp_path, Counting()))
    total = np.zeros(3, half)
    for rows in (2, 3, 2, 2, 3, 1, 2):
        total += half(rows * 2 + rows)
        y = loaded.predict({"x": np.full((rows, 3), 2, half)})["y"]
        assert y.tolist() == np.tile(total, (rows, 1)).tolist()


def test_results_are_the_callers_own(tmp_path: Path) -> None:
    def build(x: Any) -> Any:
        shape = mb.shape(x=x)
        return shape, mb.reshape(x=shape, shape=[1, 2]), mb.add(x=shape, y=1)

    loaded = ReferenceRuntime().load(save_flexible(tmp_path, build, {"x": ("n", "m")}))
    for _ in range(4):
        outputs = loaded.predict({"x": _numbers(3, 5)})
        assert [value.tolist() for value in outputs.values()] == [[3, 5], [[3, 5]], [4, 6]]
        for value in outputs.values():
            value[:] = -1


def test_weights_are_never_bound_to_a_shape(tmp_path: Path) -> None:
    def build(x: Any) -> Any:
        weight = mb.const(val=np.arange(100, dtype=np.float32), name="weight")
        rows = mb.reshape(x=x, shape=mb.concat(values=[_size(x, 0), [-1]], axis=0))
        return mb.add(x=rows, y=mb.mul(x=weight, y=np.float32(2)))

    forms = _forms(save_flexible(tmp_path, build, {"x": ("n", "m")}, largest=100))
    x = _numbers(1, 100)
    for turn in range(3):
        weight = np.full(100, turn, np.float32)
        form, (actual,) = _run(forms, weights={"weight": weight}, x=x)
        np.testing.assert_array_equal(actual, x + 2 * weight)
    assert sorted(_kinds(form)) == ["add", "mul", "reshape"]


def test_large_values_are_made_anew(tmp_path: Path) -> None:
    """One value that is too large to keep, and many that are together."""
    each, count = 4000, 40

    def build(x: Any) -> Any:
        size = mb.squeeze(x=_size(x, 0), axes=[0])
        large = mb.range_1d(start=0, end=mb.mul(x=size, y=each * 10), step=1)
        many = [
            mb.range_1d(start=start, end=mb.add(x=mb.mul(x=size, y=each), y=start), step=1)
            for start in range(count)
        ]
        number = mb.cast(x=mb.reduce_max(x=x), dtype="int32")
        return [mb.add(x=made, y=number) for made in (large, *many)]

    forms = _forms(save_flexible(tmp_path, build, {"x": ("n", 1)}))
    for number in (1, 2, 3):
        form, outputs = _run(forms, x=np.array([[number]], np.float32))
        for start, made in enumerate(outputs[1:]):
            np.testing.assert_array_equal(made, np.arange(each) + start + number)
        np.testing.assert_array_equal(outputs[0], np.arange(each * 10) + number)
    kept = [value for _, value in form.values if isinstance(value, torch.Tensor)]
    assert 0 < sum(value.nbytes for value in kept if value.dim()) <= 256 << 10
    assert _kinds(form).count("range_1d") == 1 + count - sum(value.dim() for value in kept)
    assert all(value.untyped_storage().nbytes() == value.nbytes for value in kept)


def test_a_failed_predict_is_not_built_on(tmp_path: Path) -> None:
    def build(x: Any) -> Any:
        place = mb.cast(x=mb.reduce_max(x=x, axes=[0]), dtype="int32")
        return mb.add(
            x=mb.gather(x=x, indices=place, axis=0), y=mb.cast(x=_size(x, 0), dtype="fp32")
        )

    loaded = ReferenceRuntime().load(save_flexible(tmp_path, build, {"x": ("n", 1)}))
    for _ in range(2):
        for number in (0, 7, 1, 7, 0):
            x = np.array([[number], [-9]], np.float32)
            if number < 2:
                (actual,) = loaded.predict({"x": x}).values()
                assert actual.tolist() == [[x[number, 0] + 2]]
            else:
                with pytest.raises(DevsimError, match="cannot be computed"):
                    loaded.predict({"x": x})


def test_the_tables_name_operations() -> None:
    assert OPERATIONS.keys() >= _SHAPED_BY_VALUES | _NEW_AT_EVERY_RUN | _OPAQUE
    assert {name for name in OPERATIONS if "random" in name} == _NEW_AT_EVERY_RUN
    named = {name for name in OPERATIONS if "list" in name or "state" in name}
    assert named <= _SHAPED_BY_VALUES | _OPAQUE
