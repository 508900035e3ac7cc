from pathlib import Path

import pytest
from lane_clock import TimedRuntime

from devsim.execute.contention import Ran, Subjects, measure_contention, wholly_beside
from devsim.execute.lanes import Lanes
from devsim.execute.measure import Bench, Subject
from devsim.execute.page_cache import PageCache
from devsim.execute.tensors import random_inputs

ROUNDS = 3


class Watched:
    """A real runtime that notes what is loaded, and may fail from some predict on."""

    name = "reference"

    def __init__(self, runtime, fails_at=10**9):
        self._runtime = runtime
        self._fails_at = fails_at
        self.loads = self.predicts = self.held = self.most_held = 0

    def load(self, package):
        loaded = self._runtime.load(package)
        self.loads += 1
        self.held += 1
        self.most_held = max(self.most_held, self.held)
        return WatchedPackage(self, loaded)

    def predicted(self):
        self.predicts += 1
        if self.predicts >= self._fails_at:
            raise RuntimeError("no more")

    def forget(self, package):
        self._runtime.forget(package)


class WatchedPackage:
    def __init__(self, runtime, loaded):
        self._runtime, self._loaded = runtime, loaded

    def predict(self, tensors):
        self._runtime.predicted()
        return self._loaded.predict(tensors)

    def unload(self):
        self._loaded.unload()
        self._runtime.held -= 1


def measured(models, runtime):
    block = models.manifest.stages[0].blocks[1]
    subject = Subject(models.path(block), random_inputs(block), 0)
    with Lanes(None) as lanes:
        bench = Bench(runtime, lanes, PageCache.KEEP)
        return measure_contention(bench, [Subjects(subject, 1)], ROUNDS)


def test_what_went_on_when_the_other_lane_had_ended_does_not_count():
    loads = [Ran(4, 4), Ran(5, 9), Ran(6, 15)]
    computes = [Ran(7, 7), Ran(7, 14)]
    assert wholly_beside(loads, computes) == [4, 5]
    assert wholly_beside(computes, loads) == [7, 7]


def test_the_slowdowns_are_the_ratios_of_the_durations_by_weight(clock):
    takes_ns = {
        ("light", "load"): (100, 150),
        ("light", "predict"): (200, 220),
        ("heavy", "load"): (100, 300),
        ("heavy", "predict"): (50, 75),
    }

    def took_ns(what, package, beside):
        return takes_ns[package.name, what][beside]

    light, heavy = (Subject(Path(name), {}, 0) for name in ("light", "heavy"))
    with Lanes(None) as lanes:
        bench = Bench(TimedRuntime(clock, took_ns), lanes, PageCache.KEEP)
        found = measure_contention(bench, [Subjects(light, 1), Subjects(heavy, 3)], ROUNDS)
    assert found.load == pytest.approx((1 * 1.5 + 3 * 3.0) / 4)
    assert found.compute == pytest.approx((1 * 1.1 + 3 * 1.5) / 4)


def test_what_is_faster_beside_the_other_lane_is_not_called_slowed(clock):
    def took_ns(what, package, beside):
        return 90 if beside else 100

    with Lanes(None) as lanes:
        bench = Bench(TimedRuntime(clock, took_ns), lanes, PageCache.KEEP)
        found = measure_contention(bench, [Subjects(Subject(Path("any"), {}, 0), 1)], ROUNDS)
    assert found == (1, 1)


def test_each_turn_has_one_of_each_alone_and_two_together(models, runtime):
    watched = Watched(runtime)
    measured(models, watched)
    assert watched.loads >= 3 * ROUNDS
    assert watched.predicts >= 3 * ROUNDS
    assert watched.held == 0
    assert watched.most_held <= 3  # what computes, what is loaded beside it and what leaves


def test_a_predict_that_fails_ends_both_lanes_with_everything_unloaded(models, runtime):
    watched = Watched(runtime, fails_at=3)
    with pytest.raises(RuntimeError, match="no more"):
        measured(models, watched)
    assert watched.held == 0
