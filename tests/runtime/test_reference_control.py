"""Nested blocks and lists, against what plain Python makes of the same program."""

import shutil
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mil_packages
import numpy as np
import pytest
import torch
from coremltools.proto import Model_pb2
from mil_packages import mb

from devsim.core.errors import BadFileError, BadInputError, DevsimError
from devsim.runtime.reference import ReferenceRuntime, program
from devsim.runtime.reference.control import Nested, Results, condition, dropped, loop
from devsim.runtime.reference.ops import lists
from devsim.runtime.reference.program import Jump, Step, run

X = np.arange(6, dtype=np.float32).reshape(2, 3) - 1
SPEC = "Data/com.apple.CoreML/model.mlmodel"


def _predict(package: Path, **inputs: np.ndarray) -> list[np.ndarray]:
    loaded = ReferenceRuntime().load(package)
    outputs = loaded.predict(inputs)
    loaded.unload()
    return list(outputs.values())


def _number(value: float, dtype: type = np.int32) -> np.ndarray:
    return np.array([value], dtype)


def _nested(x: Any, n: Any) -> Any:
    """A condition in a loop in a condition, that reads weights and what lies outside."""
    weight = np.eye(3, dtype=np.float32) * 2 + np.ones((3, 3), np.float32)
    scaled = mb.linear(x=x, weight=weight)
    zero, one = np.int32(0), np.float32(1)

    def body(i: Any, a: Any, b: Any) -> Any:
        odd = mb.equal(x=mb.mod(x=i, y=2), y=1)
        a = mb.cond(
            pred=odd,
            _true_fn=lambda: mb.add(x=b, y=scaled),
            _false_fn=lambda: mb.linear(x=b, weight=weight * 0.5),
        )
        return mb.add(x=i, y=1), mb.identity(x=b), a

    def turned() -> Any:
        out = mb.while_loop(
            _cond=lambda i, a, b: mb.less(x=i, y=mb.squeeze(x=n)),
            _body=body,
            loop_vars=(zero, x, scaled),
        )
        return mb.add(x=out[1], y=mb.mul(x=out[2], y=one))

    return mb.cond(
        pred=mb.squeeze(x=mb.greater(x=n, y=0)),
        _true_fn=turned,
        _false_fn=lambda: mb.sub(x=scaled, y=x),
    )


def _nested_truth(x: np.ndarray, n: int) -> np.ndarray:
    weight = np.eye(3, dtype=np.float32) * 2 + 1
    scaled = x @ weight.T
    if n <= 0:
        return scaled - x
    a, b = x, scaled
    for i in range(n):
        a, b = b, b + scaled if i % 2 else b @ (weight * 0.5).T
    return a + b


@pytest.fixture(scope="module")
def nested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mil_packages.save(tmp_path_factory.mktemp("n"), _nested, {"x": X, "n": _number(0)})


@pytest.mark.parametrize("turns", [-1, 0, 1, 2, 5])
def test_conditions_in_loops_in_conditions(nested: Path, turns: int) -> None:
    (actual,) = _predict(nested, x=X, n=_number(turns))
    np.testing.assert_allclose(actual, _nested_truth(X, turns), rtol=1e-5)


def test_a_loaded_package_loops_again_and_again(nested: Path) -> None:
    loaded = ReferenceRuntime().load(nested)
    for turns in (3, 1, 0, 3):
        (actual,) = loaded.predict({"x": X, "n": _number(turns)}).values()
        np.testing.assert_allclose(actual, _nested_truth(X, turns), rtol=1e-5)


def test_a_loop_exchanges_its_variables(tmp_path: Path) -> None:
    def build(x: Any, n: Any) -> Any:
        results = mb.while_loop(
            _cond=lambda i, a, b: mb.squeeze(x=mb.less(x=i, y=n)),
            _body=lambda i, a, b: (mb.add(x=i, y=1), b, a),
            loop_vars=(mb.sub(x=n, y=n), x, mb.add(x=x, y=10.0)),
        )
        return mb.identity(x=results[1]), mb.identity(x=results[2])

    package = mil_packages.save(tmp_path, build, {"x": X, "n": _number(0)})
    for turns, (first, second) in ((0, (X, X + 10)), (1, (X + 10, X)), (2, (X, X + 10))):
        a, b = _predict(package, x=X, n=_number(turns))
        assert (a.tolist(), b.tolist()) == (first.tolist(), second.tolist())


def test_lists(tmp_path: Path) -> None:
    def build(x: Any) -> Any:
        made = mb.make_list(init_length=2, elem_shape=(3,), dtype="fp32")
        first = mb.slice_by_index(x=x, begin=[0, 0], end=[1, 3], squeeze_mask=[True, False])
        ls = mb.list_write(ls=made, index=4, value=first)
        ls = mb.list_scatter(ls=ls, indices=[1, 0], value=x)
        return (
            mb.list_gather(ls=ls, indices=[4, 3, 0, 1]),
            mb.list_read(ls=ls, index=1),
            mb.expand_dims(x=mb.list_length(ls=ls), axes=[0]),
            mb.expand_dims(x=mb.list_length(ls=made), axes=[0]),
        )

    gathered, read, length, before = _predict(mil_packages.save(tmp_path, build, {"x": X}), x=X)
    assert gathered.tolist() == [X[0].tolist(), [0, 0, 0], X[1].tolist(), X[0].tolist()]
    assert read.tolist() == X[0].tolist()
    assert length.tolist() == [5]
    assert before.tolist() == [2]  # a write makes a new list


def _collecting(x: Any, n: Any) -> Any:
    """A list that grows in a loop."""

    def body(i: Any, ls: Any) -> Any:
        value = mb.mul(x=x, y=mb.cast(x=i, dtype="fp32"))
        return mb.add(x=i, y=1), mb.list_write(ls=ls, index=mb.squeeze(x=i), value=value)

    results = mb.while_loop(
        _cond=lambda i, ls: mb.squeeze(x=mb.less(x=i, y=n)),
        _body=body,
        loop_vars=(mb.sub(x=n, y=n), mb.make_list(init_length=1, elem_shape=(2, 3), dtype="fp32")),
    )
    places = mb.range_1d(start=0, end=mb.list_length(ls=results[1]), step=1)
    return mb.reduce_sum(x=mb.list_gather(ls=results[1], indices=places), axes=[0])


def test_a_list_grows_in_a_loop(tmp_path: Path) -> None:
    package = mil_packages.save(tmp_path, _collecting, {"x": X, "n": _number(0)})
    assert _predict(package, x=X, n=_number(5))[0].tolist() == (X * 10).tolist()
    assert _predict(package, x=X, n=_number(0))[0].tolist() == (X * 0).tolist()


@pytest.mark.parametrize(
    ("index", "dynamic"), [(-1, True), (2, False), (2**31 - 1, True), (1 << 20, True)]
)
def test_places_a_list_does_not_have(tmp_path: Path, index: int, dynamic: bool) -> None:
    def build(x: Any, n: Any) -> Any:
        ls = mb.make_list(init_length=2, elem_shape=(2, 3), dtype="fp32", dynamic_length=dynamic)
        ls = mb.list_write(ls=ls, index=mb.squeeze(x=n), value=x)
        return mb.list_read(ls=ls, index=0)

    package = mil_packages.save(tmp_path, build, {"x": X, "n": _number(0)})
    assert _predict(package, x=X, n=_number(1))[0].tolist() == (X * 0).tolist()
    with pytest.raises(BadFileError, match=r"list_write.*cannot be computed.*list of"):
        _predict(package, x=X, n=_number(index))


def test_a_place_that_is_not_there_is_not_read(tmp_path: Path) -> None:
    def build(x: Any, n: Any) -> Any:
        ls = mb.make_list(init_length=2, elem_shape=(2, 3), dtype="fp32")
        return mb.add(x=mb.list_read(ls=ls, index=mb.squeeze(x=n)), y=x)

    package = mil_packages.save(tmp_path, build, {"x": X, "n": _number(0)})
    with pytest.raises(BadFileError, match="element 2 of a list of 2"):
        _predict(package, x=X, n=_number(2))


def test_a_loop_that_does_not_end(tmp_path: Path) -> None:
    package = mil_packages.save(tmp_path, _collecting, {"x": X, "n": _number(0)})
    loaded = ReferenceRuntime(loop_limit=100).load(package)
    loaded.predict({"x": X, "n": _number(100)})
    with pytest.raises(BadInputError, match=r"has not ended; .*loop_limit") as caught:
        loaded.predict({"x": X, "n": _number(101)})
    assert str(package) in str(caught.value)
    loaded.predict({"x": X, "n": _number(2)})


def test_a_loop_that_doubles_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(x: Any, n: Any) -> Any:
        results = mb.while_loop(
            _cond=lambda i, a: mb.squeeze(x=mb.less(x=i, y=n)),
            _body=lambda i, a: (mb.add(x=i, y=1), mb.concat(values=(a, a), axis=0)),
            loop_vars=(mb.sub(x=n, y=n), mb.reshape(x=x, shape=mb.concat(values=[n, [3]], axis=0))),
        )
        return mb.reduce_sum(x=results[1], axes=[0])

    package = mil_packages.save(tmp_path, build, {"x": X, "n": _number(0)})
    assert _predict(package, x=X, n=_number(2))[0].tolist() == (X.sum(0) * 4).tolist()
    monkeypatch.setattr(program, "_LARGEST_OPEN_BYTES", X.nbytes * 4)
    assert _predict(package, x=X, n=_number(2))[0].tolist() == (X.sum(0) * 4).tolist()
    loaded = ReferenceRuntime().load(package)
    monkeypatch.setattr(program, "_LARGEST_OPEN_BYTES", X.nbytes * 2)
    with pytest.raises(BadFileError, match=r"gives 96 bytes, beyond memory"):
        loaded.predict({"x": X, "n": _number(2)})


def test_a_list_that_outgrows_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = mil_packages.save(tmp_path, _collecting, {"x": X, "n": _number(0)})
    monkeypatch.setattr(lists, "_MOST_BYTES", X.nbytes * 4)
    assert _predict(package, x=X, n=_number(4))[0].tolist() == (X * 6).tolist()
    with pytest.raises(BadFileError, match=r"list of 120 bytes, beyond memory"):
        _predict(package, x=X, n=_number(5))


def _edited(source: Path, folder: Path, edit: Callable[[Any], object]) -> Path:
    package = shutil.copytree(source, folder / "hostile.mlpackage")
    model = Model_pb2.Model.FromString((package / SPEC).read_bytes())
    function = model.mlProgram.functions["main"]
    edit(function.block_specializations[function.opset].operations)
    (package / SPEC).write_bytes(model.SerializeToString())
    return package


def _only(operations: Any, kind: str) -> Any:
    return next(each for each in operations if each.type == kind)


def _loop_of(operations: Any) -> Any:
    return _only(_only(operations, "cond").blocks[0].operations, "while_loop")


@pytest.mark.parametrize(
    ("edit", "because"),
    [
        (lambda ops: _only(ops, "cond").blocks.pop(), "has 1 blocks"),
        (lambda ops: _only(ops, "cond").inputs.pop("pred"), "no predicate"),
        (lambda ops: _only(ops, "cond").blocks[0].outputs.append("x"), "blocks and results of"),
        (lambda ops: _only(ops, "cond").ClearField("outputs"), "has no result"),
        (lambda ops: _loop_of(ops).inputs.pop("loop_vars"), "no variables"),
        (lambda ops: _loop_of(ops).blocks[1].inputs.pop(), "blocks and results of"),
        (lambda ops: _loop_of(ops).blocks[1].outputs.pop(), "blocks and results of"),
        (lambda ops: _loop_of(ops).blocks[0].outputs.append("x"), "condition of 2 results"),
        (lambda ops: _loop_of(ops).blocks[0].outputs.__setitem__(0, "x"), "is no flag"),
        # The condition reads what only the body makes, and an operation reads its own result.
        (
            lambda ops: _loop_of(ops).blocks[0].outputs.__setitem__(
                0, _loop_of(ops).blocks[1].outputs[0]
            ),
            "which nothing defines",
        ),
        (
            lambda ops: _only(ops, "cond").blocks[1].operations[-1].inputs["x"].arguments[0]
            .__setattr__("name", _only(ops, "cond").outputs[0].name),
            "which nothing defines",
        ),
    ],
)  # fmt: skip
def test_blocks_that_lie(
    nested: Path, tmp_path: Path, edit: Callable[[Any], object], because: str
) -> None:
    with pytest.raises(DevsimError, match=because) as caught:
        _predict(_edited(nested, tmp_path, edit), x=X, n=_number(2))
    assert "hostile.mlpackage" in str(caught.value)


class _Thing:
    """What a step makes; tells whether it is still held."""


def _step(function: Callable[..., Any], inputs: tuple[int, ...], output: int) -> tuple[Step]:
    return (Step("test", function, inputs, (output,), (None,)),)


def test_values_are_dropped_at_their_last_use() -> None:
    held: list[set[str]] = []
    alive: dict[str, weakref.ref[_Thing]] = {}

    def make(name: str) -> Callable[..., _Thing]:
        def made(*_: object) -> _Thing:
            held.append({name for name, each in alive.items() if each() is not None})
            thing = _Thing()
            alive[name] = weakref.ref(thing)
            return thing

        return made

    units = [
        _step(make("outside"), (), 0),
        condition(
            "test",
            9,
            Nested((_step(make("inside"), (0,), 1), _step(make("last"), (1,), 2)), (2,)),
            Nested((_step(make("other"), (), 3),), (3,)),
            Results((4,), (None,)),
        ),
        _step(make("after"), (4,), 5),
    ]
    for flag, order in (
        (True, [set(), {"outside"}, {"outside", "inside"}, {"last"}]),
        (False, [set(), {"outside"}, {"other"}]),
    ):
        held.clear()
        alive.clear()
        frame: list[Any] = [None] * 9 + [torch.tensor(flag)]
        run(dropped(units, kept=(5,))[0], frame, 0)
        assert held == order
        assert [slot for slot, value in enumerate(frame[:9]) if value is not None] == [5]


def test_a_loop_variable_is_dropped_at_its_last_use_in_the_body() -> None:
    seen: list[object] = []
    body = Nested(
        (
            _step(lambda a: a - 1, (1,), 3),
            _step(lambda a: seen.append(frame[1]) or a, (3,), 4),
        ),
        (4,),
    )
    test = Nested((_step(lambda a: a > 0, (1,), 2),), (2,))
    unit = loop("test", (0,), Results((1,), (None,)), test, body, Results((5,), (None,)))
    frame: list[Any] = [torch.tensor(2), None, None, None, None, None]
    run(dropped([unit], kept=(5,), owned=(0,))[0], frame, 2)
    assert seen == [None, None]
    assert [slot for slot, value in enumerate(frame) if value is not None] == [5]
    assert any(isinstance(step, Jump) and step.skip < 0 for step in unit)
