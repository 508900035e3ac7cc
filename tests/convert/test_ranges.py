"""The range of the indices that a program takes, against what the program computes or refuses."""

import coremltools as ct
import numpy as np
import pytest
from mil_models import save

from devsim.convert.mil.ranges import index_limits
from devsim.core.errors import BadInputError
from devsim.runtime.choose import open_runtime

mb = ct.converters.mil.Builder
ROWS = np.arange(7 * 5, dtype=np.float32).reshape(7, 5)


def rows(ids):
    return mb.gather(x=ROWS, indices=ids, axis=0)


def columns(ids):
    return mb.gather(x=ROWS, indices=ids, axis=-1)


def from_the_end_too(ids):
    """As coremltools writes an embedding of torch: negative indices count from the end."""
    negative = mb.less(x=ids, y=0)
    return rows(mb.cast(x=mb.select(cond=negative, a=mb.add(x=ids, y=7), b=ids), dtype="int16"))


def two_tables(ids):
    first, second = mb.split(x=mb.reshape(x=ids, shape=(2, 2)), num_splits=2, axis=0)
    return mb.concat(values=[rows(first), mb.gather(x=ROWS[:3], indices=second, axis=0)], axis=0)


def handed_on(ids):
    return rows(
        mb.squeeze(x=mb.transpose(x=mb.expand_dims(x=ids, axes=[0]), perm=[1, 0]), axes=[1])
    )


def along_axis(ids):
    return mb.gather_along_axis(x=ROWS[:, 0], indices=ids, axis=0)


def in_two_axes(ids):
    return mb.gather_nd(x=ROWS, indices=mb.reshape(x=ids, shape=(2, 2)), batch_dims=0)


def of_a_looked_up_index(ids):
    """The table's own values are in range; the index into it is what is limited."""
    return rows(mb.gather(x=np.array([0, 6, 3], np.int32), indices=ids, axis=0))


def unlimited(ids):
    return mb.add(x=mb.cast(x=ids, dtype="fp32"), y=1.0)


def package_of(make, folder):
    return save(folder / "made.mlpackage", make, {"ids": np.zeros(4, np.int32)})


@pytest.mark.parametrize(
    ("make", "limit"),
    [
        (rows, 7),
        (columns, 5),
        (from_the_end_too, 7),
        (two_tables, 3),
        (handed_on, 7),
        (along_axis, 7),
        (in_two_axes, 5),
        (of_a_looked_up_index, 3),
    ],
)
def test_the_largest_index_in_range_is_computed_and_the_next_one_refused(make, limit, tmp_path):
    package = package_of(make, tmp_path)
    assert index_limits(package, {}) == {"ids": limit}
    loaded = open_runtime("reference", 1).load(package)
    loaded.predict({"ids": np.full(4, limit - 1, np.int32)})
    with pytest.raises(BadInputError, match=r"out of .*(range|bounds).*; give indices .* --inputs"):
        loaded.predict({"ids": np.full(4, limit, np.int32)})


def test_what_is_computed_of_an_input_limits_nothing(tmp_path):
    assert index_limits(package_of(unlimited, tmp_path), {}) == {}


def test_a_limit_of_an_output_is_handed_on_to_the_input_that_it_is(tmp_path):
    """A block that only reorders indices: the block after it looks them up."""
    package = package_of(lambda ids: mb.reverse(x=ids, axes=[0], name="out"), tmp_path)
    assert index_limits(package, {"out": 9}) == {"ids": 9}
