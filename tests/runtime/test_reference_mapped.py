"""Weights that are mapped: the same results, in clean file pages instead of anonymous memory."""

import gc
from pathlib import Path

import pytest
from contract import INPUT, WEIGHT_BYTES, RuntimeContract, double, linear

from devsim.runtime.protocol import Runtime
from devsim.runtime.reference import ReferenceRuntime

__all__ = ["double", "linear"]

SPARE = WEIGHT_BYTES // 10


class TestMappedReference(RuntimeContract):
    weights_in_footprint = False

    @pytest.fixture
    def runtime(self) -> Runtime:
        return ReferenceRuntime(weights="mapped")


def _pages() -> tuple[int, int]:
    """Anonymous and file pages of this process, in bytes."""
    gc.collect()
    lines = Path("/proc/self/status").read_text().splitlines()
    fields = {line.partition(":")[0]: line.split()[1] for line in lines if line.endswith("kB")}
    return int(fields["RssAnon"]) * 1024, int(fields["RssFile"]) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
@pytest.mark.parametrize("weights", ["read", "mapped"])
def test_pages_are_what_the_package_says(linear: Path, weights: str) -> None:
    runtime = ReferenceRuntime(weights=weights)
    warm = runtime.load(linear)
    warm.predict({"x": INPUT})
    warm.unload()

    anonymous, file = _pages()
    loaded = runtime.load(linear)
    size = loaded.resident_bytes + loaded.mapped_bytes
    assert (loaded.resident_bytes == 0) == (weights == "mapped")
    assert WEIGHT_BYTES <= size < WEIGHT_BYTES + SPARE
    loaded.predict({"x": INPUT})
    used = [now - before for now, before in zip(_pages(), (anonymous, file), strict=True)]
    loaded.unload()
    left = [now - before for now, before in zip(_pages(), (anonymous, file), strict=True)]

    assert used == pytest.approx([size, 0] if weights == "read" else [0, size], abs=SPARE)
    assert left == pytest.approx([0, 0], abs=SPARE)
    assert loaded.resident_bytes == loaded.mapped_bytes == 0


def test_a_predict_leaves_the_file_as_it_was(linear: Path) -> None:
    (path,) = linear.rglob("weight.bin")
    before = path.read_bytes()
    loaded = ReferenceRuntime(weights="mapped").load(linear)
    outputs = loaded.predict({"x": INPUT})
    for value in outputs.values():
        value[:] = 0
    loaded.unload()
    assert path.read_bytes() == before
