"""Random operations: seeds, distributions and bounds."""

from pathlib import Path
from typing import Any

import mil_packages
import numpy as np
import pytest
from mil_packages import mb

from devsim.core.errors import BadFileError
from devsim.runtime.reference import ReferenceRuntime

COUNT = 40_000
SHAPE = np.array([COUNT], np.int32)
LOGITS = np.log(np.array([[0.1, 0.2, 0.7], [0.5, 0.5, 1e-9]], np.float32))


def _all(seed: int) -> Any:
    def build(shape: Any, logits: Any) -> Any:
        return (
            mb.random_normal(shape=shape, mean=3.0, stddev=2.0, seed=seed, name="normal"),
            mb.random_uniform(shape=shape, low=-1.0, high=3.0, seed=seed, name="uniform"),
            mb.random_bernoulli(shape=shape, prob=0.3, seed=seed, name="bernoulli"),
            mb.random_categorical(x=logits, size=COUNT, seed=seed, name="by_logits"),
            mb.random_categorical(
                x=mb.exp(x=logits), mode="probs", size=COUNT, seed=seed, name="by_probs"
            ),
        )

    return build


def _package(folder: Path, seed: int) -> Path:
    return mil_packages.save(folder, _all(seed), {"shape": SHAPE, "logits": LOGITS})


def test_distributions(tmp_path: Path) -> None:
    loaded = ReferenceRuntime().load(_package(tmp_path, 11))
    drawn = loaded.predict({"shape": SHAPE, "logits": LOGITS})
    assert [drawn["normal"].mean(), drawn["normal"].std()] == pytest.approx([3, 2], abs=0.05)
    assert (drawn["uniform"].min(), drawn["uniform"].max()) == pytest.approx((-1, 3), abs=0.01)
    assert drawn["uniform"].mean() == pytest.approx(1, abs=0.05)
    assert set(np.unique(drawn["bernoulli"])) == {0, 1}
    assert drawn["bernoulli"].mean() == pytest.approx(0.3, abs=0.02)
    for mode in ("by_logits", "by_probs"):
        assert drawn[mode].shape == (2, COUNT)
        for row, shares in zip(drawn[mode], ([0.1, 0.2, 0.7], [0.5, 0.5, 0]), strict=True):
            actual = [(row == place).mean() for place in range(3)]
            assert actual == pytest.approx(shares, abs=0.02)


@pytest.mark.parametrize(("seed", "repeats"), [(0, True), (7, True), (-1, False)])
def test_a_seed_makes_them_repeat(tmp_path: Path, seed: int, repeats: bool) -> None:
    runtime, package = ReferenceRuntime(), _package(tmp_path, seed)
    given = {"shape": SHAPE, "logits": LOGITS}
    loaded = runtime.load(package)
    first, second = loaded.predict(given), loaded.predict(given)
    third = runtime.load(package).predict(given)
    for name, value in first.items():
        assert (value.tobytes() == second[name].tobytes()) == repeats
        assert (value.tobytes() == third[name].tobytes()) == repeats


@pytest.mark.parametrize("count", [2**31 - 1, -3])
def test_absurd_shapes(tmp_path: Path, count: int) -> None:
    def build(shape: Any) -> Any:
        return mb.random_normal(shape=mb.concat(values=[shape, [2**20]], axis=0))

    package = mil_packages.save(tmp_path, build, {"shape": SHAPE})
    with pytest.raises(BadFileError, match=r"random_normal.*cannot be computed"):
        ReferenceRuntime().load(package).predict({"shape": np.array([count], np.int32)})
