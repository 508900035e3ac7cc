import json
import os
import sys

import numpy as np
import pytest

from devsim.execute.footprint import footprint_bytes
from devsim.execute.lanes import Surroundings
from devsim.execute.measure import Effort
from devsim.execute.profiler import profile_models

EFFORT = Effort(cold_samples=2, samples=3, warmup=1)
BALLAST_BYTES = 64 << 20
ENVIRONMENT = {"device": "here", "runtime": "reference"}


class Counting:
    """A real runtime that counts its loads."""

    def __init__(self, runtime):
        self.name = runtime.name
        self.loads = 0
        self._runtime = runtime

    def load(self, package):
        self.loads += 1
        return self._runtime.load(package)

    def forget(self, package):
        self._runtime.forget(package)


@pytest.fixture
def counting(runtime):
    return Counting(runtime)


def profile(models, runtime, finished, on_block=lambda *at: None):
    return profile_models(models, runtime, EFFORT, Surroundings(ENVIRONMENT), finished, on_block)


def test_every_figure_is_measured_as_often_as_asked(models, runtime, tmp_path):
    made = profile(models, runtime, tmp_path / "part")
    assert [block.name for block in made.stages[0].blocks] == ["part1", "st_00", "st_01", "part2"]
    for declared, block in zip(
        models.manifest.stages[0].blocks, made.stages[0].blocks, strict=True
    ):
        variant = block.variants["fp32"]
        assert variant.weight_bytes.bytes == declared.weight_bytes
        assert variant.digest == declared.digest
        of_kind = 2 if declared.name.startswith("st_") else 1
        assert len(variant.cold_load.ns) == 2 * of_kind
        later = (variant.cached_load, variant.compute, variant.unload)
        assert [len(each.ns) for each in later] == [3 * of_kind] * 3
        assert variant.cold_load.median_ns > variant.cached_load.median_ns
    assert made.sources[made.baseline_bytes.source].provenance == "measured"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process's freed memory may stay")
def test_the_baseline_is_the_most_that_was_held_with_nothing_loaded(models, runtime, tmp_path):
    held = []

    def hold_for_one_block(done, total, name):
        held[:] = [np.ones(BALLAST_BYTES, np.uint8)] if done == 1 else []

    made = profile(models, runtime, tmp_path / "part", hold_for_one_block)
    assert made.baseline_bytes.bytes >= footprint_bytes(os.getpid()) + BALLAST_BYTES // 2


def test_the_baseline_has_a_margin_and_says_so(models, runtime, tmp_path):
    """A budget that is just enough is not broken by another process's few pages more."""
    finished = tmp_path / "part"
    made = profile(models, runtime, finished)
    lines = map(json.loads, finished.read_text().splitlines())
    most = max(line["measurement"]["baseline_bytes"] for line in lines)
    assert made.baseline_bytes.bytes == most + 3_000_000
    assert "a margin of 3.00 MB" in made.sources[made.baseline_bytes.source].text


def test_an_interrupted_profile_goes_on_where_it_was(models, counting, tmp_path):
    finished = tmp_path / "part"

    def interrupt(done, total, name):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        profile(models, counting, finished, interrupt)
    with finished.open("a") as file:
        file.write('{"digest": "half a li')
    finished.write_text(finished.read_text() + "\n")
    first = counting.loads
    made = profile(models, counting, finished)
    one_block = 2 + 1 + 3
    warm_up, contention = 1, counting.loads - first - 1 - 2 * one_block
    outputs = 1  # of the first block, for those after it
    assert first == warm_up + 2 * one_block + outputs
    assert contention > 0  # only the two blocks that were missing, and the contention
    again = profile(models, counting, finished)
    assert again.stages == made.stages  # nothing was measured anew


def test_what_was_measured_otherwise_is_not_reused(models, runtime, tmp_path):
    finished = tmp_path / "part"
    profile(models, runtime, finished)
    lines = len(finished.read_text().splitlines())
    other = {**ENVIRONMENT, "compute_threads": "7"}
    profile_models(models, runtime, EFFORT, Surroundings(other), finished, lambda *at: None)
    assert len(finished.read_text().splitlines()) == 2 * lines
