"""Random programs of flexible shapes: predicts in turn give the bits that a fresh load gives."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mil_packages import mb, save_flexible

from devsim.core.errors import DevsimError
from devsim.runtime.reference import ReferenceRuntime

SIZES = st.tuples(st.integers(1, 4), st.integers(1, 4))


def _sizes(x: Any, *axes: int) -> Any:
    return mb.gather(x=mb.shape(x=x), indices=list(axes), axis=0)


def _size(x: Any, axis: int) -> Any:
    return mb.gather(x=mb.shape(x=x), indices=np.int32(axis), axis=0)


def _float(x: Any) -> Any:
    return mb.cast(x=x, dtype="fp32")


def _counted(x: Any, y: Any) -> Any:
    rows = mb.range_1d(start=0, end=_size(x, 0), step=1)
    return mb.add(x=x, y=_float(mb.expand_dims(x=rows, axes=[1])))


def _branch(x: Any, pred: Any) -> Any:
    return mb.cond(
        pred=pred,
        _true_fn=lambda: mb.add(x=x, y=_float(_size(x, 1))),
        _false_fn=lambda: mb.mul(x=x, y=np.float32(2)),
    )


def _turned(x: Any, count: Any) -> Any:
    return mb.while_loop(
        _cond=lambda i, value: mb.less(x=i, y=count),
        _body=lambda i, value: (mb.add(x=i, y=1), mb.add(x=value, y=_float(_size(value, 0)))),
        loop_vars=(np.int32(0), x),
    )[1]


OPERATIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "add": lambda x, y: mb.add(x=x, y=mb.reduce_sum(x=y)),
    "flip": lambda x, y: mb.reshape(x=x, shape=_sizes(x, 1, 0)),
    "transpose": lambda x, y: mb.transpose(x=x, perm=[1, 0]),
    "line": lambda x, y: mb.reshape(x=x, shape=mb.concat(values=[[1], [-1]], axis=0)),
    "fill": lambda x, y: mb.fill(shape=mb.shape(x=x), value=2.0),
    "fill of both": lambda x, y: mb.fill(
        shape=mb.concat(values=[_size(x, 0), _size(y, 1)], axis=0), value=3.0
    ),
    "sizes": lambda x, y: _float(mb.expand_dims(x=mb.shape(x=x), axes=[0])),
    "number of elements": lambda x, y: mb.mul(x=x, y=_float(mb.mul(x=_size(y, 0), y=_size(y, 1)))),
    "rows": _counted,
    "first rows": lambda x, y: mb.slice_by_size(
        x=x,
        begin=[0, 0],
        size=mb.concat(values=[mb.minimum(x=_size(x, 0), y=2), _size(x, 1)], axis=0),
    ),
    "tile": lambda x, y: mb.tile(x=x, reps=mb.minimum(x=mb.shape(x=y), y=[2, 2])),
    "non_zero": lambda x, y: _float(mb.non_zero(x=x)),
    "fill of as many as are not zero": lambda x, y: mb.fill(
        shape=mb.shape(x=mb.non_zero(x=y)), value=1.0
    ),
    "as large as the data say": lambda x, y: mb.fill(
        shape=mb.concat(
            values=[_size(x, 0), mb.cast(x=mb.reduce_max(x=mb.clip(x=y, alpha=1.0, beta=3.0)),
                                         dtype="int32")], axis=0,
        ), value=4.0,
    ),
    "branch by size": lambda x, y: _branch(x, mb.greater(x=_size(y, 0), y=2)),
    "branch by data": lambda x, y: _branch(x, mb.greater(x=mb.reduce_sum(x=y), y=np.float32(0))),
    "turns by size": lambda x, y: _turned(x, mb.minimum(x=_size(y, 1), y=3)),
    "turns by data": lambda x, y: _turned(
        x, mb.cast(x=mb.reduce_min(x=mb.clip(x=y, alpha=0.0, beta=2.0)), dtype="int32")
    ),
}  # fmt: skip
"""Each makes a matrix of two."""


def _result(loaded: Any, x: np.ndarray) -> Any:
    try:
        return [(v.shape, v.tobytes()) for v in loaded.predict({"x": x}).values()]
    except DevsimError as error:
        return str(error)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_random_program_gives_what_a_fresh_load_gives(data: st.DataObject) -> None:
    steps = data.draw(
        st.lists(
            st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(0, 9), st.integers(0, 9)),
            min_size=2,
            max_size=9,
        )
    )

    def build(x: Any) -> Any:
        made = [x]
        for name, one, other in steps:
            made.append(OPERATIONS[name](made[-1 - one % len(made)], made[-1 - other % len(made)]))
        return [mb.identity(x=value) for value in made[1:]]

    sizes = data.draw(st.lists(SIZES, min_size=1, max_size=3))
    with tempfile.TemporaryDirectory() as folder:
        package = save_flexible(Path(folder), build, {"x": ("n", "m")})
        loaded = ReferenceRuntime().load(package)
        for turn in range(4):
            for size in sizes:
                x = np.random.default_rng(turn).integers(-1, 4, size).astype(np.float32)
                assert _result(loaded, x) == _result(ReferenceRuntime().load(package), x)
