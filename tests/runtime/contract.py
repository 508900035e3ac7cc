"""What every runtime must do; a runtime's test names it in ``runtime`` and inherits the rest."""

import gc
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import mil_packages
import numpy as np
import pytest
from mil_packages import mb

from devsim.core.errors import BadFileError, BadInputError
from devsim.execute.footprint import footprint_bytes
from devsim.runtime.protocol import Runtime

ROWS, WIDTH = 8, 2048
WEIGHT_BYTES = WIDTH * WIDTH * 4
WEIGHT = np.random.default_rng(3).standard_normal((WIDTH, WIDTH)).astype(np.float32)
INPUT = np.random.default_rng(4).standard_normal((ROWS, WIDTH)).astype(np.float32)


@pytest.fixture(scope="session")
def linear(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``y = x @ WEIGHT.T`` and ``z = max(x, 0)``, with 16 MiB of weights."""
    return mil_packages.save(
        tmp_path_factory.mktemp("linear"),
        lambda x: (mb.linear(x=x, weight=WEIGHT, name="y"), mb.relu(x=x, name="z")),
        {"x": INPUT},
    )


@pytest.fixture(scope="session")
def double(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``y = 2 x``, of integers."""
    return mil_packages.save(
        tmp_path_factory.mktemp("double"),
        lambda x: mb.add(x=x, y=x, name="y"),
        {"x": np.zeros((2, 3), np.int32)},
    )


class RuntimeContract:
    """Inherit and provide the fixture ``runtime``."""

    weights_in_footprint = True
    """Whether a load makes the weights memory of the process, and its unload takes it at once."""

    @pytest.fixture
    def runtime(self) -> Iterator[Runtime]:
        raise NotImplementedError

    def footprint(self) -> int:
        """Bytes of this process, and of those that hold packages for it."""
        return footprint_bytes(os.getpid())

    def test_describes_the_interface(self, runtime: Runtime, linear: Path) -> None:
        loaded = runtime.load(linear)
        assert [(p.name, p.shape, p.dtype) for p in loaded.inputs] == [
            ("x", (ROWS, WIDTH), "float32")
        ]
        assert [(p.name, p.shape, p.dtype) for p in loaded.outputs] == [
            ("y", (ROWS, WIDTH), "float32"),
            ("z", (ROWS, WIDTH), "float32"),
        ]
        assert loaded.resident_bytes >= (WEIGHT_BYTES if self.weights_in_footprint else 0)
        loaded.unload()

    def test_computes_every_output(self, runtime: Runtime, linear: Path) -> None:
        loaded = runtime.load(linear)
        outputs = loaded.predict({"x": INPUT})
        loaded.unload()
        np.testing.assert_allclose(outputs["y"], INPUT @ WEIGHT.T, rtol=1e-4, atol=1e-3)
        np.testing.assert_array_equal(outputs["z"], np.maximum(INPUT, 0))

    def test_cached_and_cold_loads_compute_the_same(self, runtime: Runtime, linear: Path) -> None:
        results = []
        for step in ("cold", "cached", "cold again"):
            if step == "cold again":
                runtime.forget(linear)
            loaded = runtime.load(linear)
            results.append(loaded.predict({"x": INPUT})["y"])
            loaded.unload()
        assert results[0].tobytes() == results[1].tobytes() == results[2].tobytes()

    def test_forgets_what_it_never_loaded(self, runtime: Runtime, linear: Path) -> None:
        runtime.forget(linear)

    def test_results_survive_the_package(self, runtime: Runtime, double: Path) -> None:
        loaded = runtime.load(double)
        given = np.arange(6, dtype=np.int32).reshape(2, 3)
        result = loaded.predict({"x": given})["y"]
        loaded.predict({"x": given + 100})
        loaded.unload()
        given[:] = 0
        assert result.tolist() == [[0, 2, 4], [6, 8, 10]]
        assert result.dtype == np.int32

    @pytest.mark.parametrize(
        "tensors",
        [
            {},
            {"x": np.zeros((2, 3), np.int32), "extra": np.zeros(1, np.int32)},
            {"x": np.zeros((3, 2), np.int32)},
            {"x": np.full((2, 3), 0.5, np.float32)},
            {"x": np.full((2, 3), np.nan)},
            {"x": np.full((2, 3), 2**31)},
            {"x": np.full((2, 3), 2.0**31, np.float32)},
            {"x": np.full((2, 3), "1")},
            {"x": np.full((2, 3), None)},
            {"x": [[1, 2, 3], [4]]},
        ],
        ids=[
            "missing",
            "unknown",
            "shape",
            "fractions",
            "not a number",
            "too large",
            "just too large",
            "text",
            "objects",
            "ragged",
        ],
    )
    def test_refuses_wrong_inputs(
        self, runtime: Runtime, double: Path, tensors: dict[str, np.ndarray]
    ) -> None:
        loaded = runtime.load(double)
        with pytest.raises(BadInputError, match=r"'(x|extra)'"):
            loaded.predict(tensors)
        loaded.unload()

    @pytest.mark.parametrize("dtype", ["int64", "uint8", "int8", "float32", "float64", "float16"])
    def test_takes_inputs_of_any_dtype_that_loses_nothing(
        self, runtime: Runtime, double: Path, dtype: str
    ) -> None:
        loaded = runtime.load(double)
        given = np.arange(6).reshape(2, 3)
        for form in (given.astype(dtype), given.tolist()):
            result = loaded.predict({"x": form})["y"]
            assert result.tolist() == (2 * given).tolist()
            assert result.dtype == np.int32
        loaded.unload()

    def test_takes_inputs_laid_out_in_any_way(self, runtime: Runtime, double: Path) -> None:
        loaded = runtime.load(double)
        wide = np.arange(12, dtype=np.int32).reshape(3, 4)
        constant = np.ones((2, 3), np.int32)
        constant.flags.writeable = False
        assert loaded.predict({"x": wide.T[:2]})["y"].tolist() == (2 * wide.T[:2]).tolist()
        assert loaded.predict({"x": wide[::2, ::-1][:, :3]})["y"][1].tolist() == [22, 20, 18]
        assert loaded.predict({"x": constant})["y"].tolist() == [[2, 2, 2]] * 2
        loaded.unload()

    def test_cannot_be_used_once_unloaded(self, runtime: Runtime, double: Path) -> None:
        loaded = runtime.load(double)
        loaded.unload()
        loaded.unload()
        with pytest.raises(BadInputError, match="unloaded"):
            loaded.predict({"x": np.zeros((2, 3), np.int32)})

    def test_unload_gives_the_memory_back(self, runtime: Runtime, linear: Path) -> None:
        if not self.weights_in_footprint:
            pytest.skip("the system maps the weights, and takes memory back when it likes")
        runtime.load(linear).unload()
        for use in ("nothing", "a predict", "a refused predict"):
            gc.collect()
            before = self.footprint()
            loaded = runtime.load(linear)
            held = self.footprint() - before
            if use == "a predict":
                loaded.predict({"x": INPUT})
            if use == "a refused predict":
                with pytest.raises(BadInputError):
                    loaded.predict({"x": INPUT[:1]})
            gc.disable()
            loaded.unload()
            left = self.footprint() - before
            gc.enable()
            assert held > WEIGHT_BYTES * 0.9
            assert left < WEIGHT_BYTES * 0.1, use

    def test_two_packages_at_once(self, runtime: Runtime, linear: Path, double: Path) -> None:
        first, second, again = runtime.load(linear), runtime.load(double), runtime.load(linear)
        again.unload()
        assert second.predict({"x": np.ones((2, 3), np.int32)})["y"].tolist() == [[2, 2, 2]] * 2
        second.unload()
        np.testing.assert_array_equal(first.predict({"x": INPUT})["z"], np.maximum(INPUT, 0))
        first.unload()

    def test_loads_and_predicts_on_threads(
        self, runtime: Runtime, linear: Path, double: Path
    ) -> None:
        loaded = runtime.load(double)
        results: list[object] = []

        def compute() -> None:
            for value in range(20):
                given = np.full((2, 3), value, np.int32)
                results.append(loaded.predict({"x": given})["y"].tolist() == [[2 * value] * 3] * 2)

        def load() -> None:
            for _ in range(5):
                other = runtime.load(linear)
                results.append(np.isfinite(other.predict({"x": INPUT})["y"]).all())
                other.unload()

        threads = [threading.Thread(target=work) for work in (compute, compute, load, load)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        loaded.unload()
        assert len(results) == 50
        assert all(results)

    def test_a_missing_package_is_named(self, runtime: Runtime, tmp_path: Path) -> None:
        with pytest.raises(BadFileError, match=r"absent\.mlpackage"):
            runtime.load(tmp_path / "absent.mlpackage")
