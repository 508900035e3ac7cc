"""What blocks are given: real tensors, as the run has them, within the range of what they index."""

import coremltools as ct
import numpy as np
import pytest

from devsim.convert.mil.split import After, split_package
from devsim.core.errors import BadInputError
from devsim.execute.arrays import random_array
from devsim.execute.campaign import run_campaign
from devsim.execute.inputs import stage_inputs
from devsim.execute.lanes import Surroundings
from devsim.execute.measure import Effort
from devsim.execute.measured import Conditions, run_one_package
from devsim.execute.models import Models
from devsim.execute.package_run import Package
from devsim.execute.profiler import profile_models
from devsim.execute.requests import Setting
from devsim.planner.planner import plan

mb = ct.converters.mil.Builder
EFFORT = Effort(cold_samples=1, samples=1, warmup=0)
ENVIRONMENT = {"device": "here", "runtime": "reference"}
KINDS, BOOK = 2, 32
"""Rows of the two tables."""


def values(*shape):
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A table of token types, then a codebook: an index crosses the cut after ``code``."""
    spec = (
        mb.TensorSpec((10, 16)),
        mb.TensorSpec((10,), dtype=ct.converters.mil.mil.types.int32),
    )

    @mb.program(input_specs=spec, opset_version=ct.target.iOS17)
    def codes(x, kind):
        x = mb.add(x=x, y=mb.gather(x=values(KINDS, 16), indices=kind, axis=0), name="typed")
        code = mb.reduce_argmax(x=mb.linear(x=x, weight=values(BOOK, 16)), axis=1, name="code")
        return mb.linear(
            x=mb.gather(x=values(BOOK, 16), indices=code, axis=0), weight=values(16, 16)
        )

    path = tmp_path_factory.mktemp("codes") / "codes.mlpackage"
    ct.convert(
        codes,
        pass_pipeline=ct.PassPipeline.EMPTY,
        skip_model_load=True,
        minimum_deployment_target=ct.target.iOS17,
    ).save(str(path))
    return path


@pytest.fixture(scope="module")
def models(package):
    folder = package.with_name("blocks")
    split_package(package, folder, After(("typed", "code")))
    return Models.open(folder)


class Seeing:
    """A real runtime that keeps what every package is given and gives."""

    def __init__(self, runtime):
        self.name = runtime.name
        self.seen = {}
        self._runtime = runtime

    def load(self, package):
        return Seen(self._runtime.load(package), self.seen.setdefault(package.stem, []))

    def forget(self, package):
        self._runtime.forget(package)


class Seen:
    def __init__(self, loaded, seen):
        self._loaded, self._seen = loaded, seen

    def predict(self, tensors):
        results = self._loaded.predict(tensors)
        self._seen.append((tensors, results))
        return results

    def unload(self):
        self._loaded.unload()


def test_every_block_is_measured_on_what_the_block_before_computes(models, runtime, tmp_path):
    seeing = Seeing(runtime)
    around = Surroundings(ENVIRONMENT)
    profile_models(models, seeing, EFFORT, around, tmp_path / "part", lambda *at: None)
    first, middle, last = (seeing.seen[f"block_0{n}"] for n in range(3))
    for before, after in ((first, middle), (middle, last)):
        ((_, made), *_) = before
        for tensors, _ in after[-2:]:  # the warm-up, which comes first, may draw its own
            (taken,) = tensors.values()
            assert any(np.array_equal(taken, array) for array in made.values())
    assert all(0 <= tensors["kind"].max() < KINDS for tensors, _ in first)


def test_drawn_indices_are_within_the_table_that_they_look_up(models):
    (inputs,) = stage_inputs(models).values()
    assert set(inputs) == {"x", "kind"}
    assert set(inputs["kind"]) == {0, 1}


def test_one_package_runs_on_drawn_indices(package, tmp_path):
    answer = run_one_package(Package(package, None, (), 0), "reference", 1, 1, tmp_path / "out.npz")
    assert answer.run.outputs[0].not_finite == 0


def test_a_plan_is_run_on_the_same_inputs_by_every_process(models, tmp_path):
    profile = profile_of(models, tmp_path)
    made = plan(profile, 10**9)
    setting = Setting(models=models.folder, runtime="reference", threads=1)
    campaign = run_campaign(
        made, setting, 1, (), Conditions(), lambda recording, label: lambda *at: None
    )
    assert campaign.outputs.equal


def profile_of(models, folder, given=None):
    from devsim.execute.measured import profile_folder

    setting = Setting(models=models.folder, runtime="reference", threads=1)
    return profile_folder(setting, EFFORT, folder / "part", lambda *at: None, inputs=given)


def test_given_inputs_are_used_and_the_rest_is_drawn(models, tmp_path):
    kind = np.array([1] * 9 + [0], np.int64)
    np.savez(tmp_path / "in.npz", kind=kind)
    (inputs,) = stage_inputs(models, tmp_path / "in.npz").values()
    assert inputs["kind"].dtype == np.int32
    assert np.array_equal(inputs["kind"], kind)
    assert np.array_equal(inputs["x"], random_array("x", (10, 16), "float32"))
    np.savez(tmp_path / "named.npz", **{"codes/kind": kind})
    (named,) = stage_inputs(models, tmp_path / "named.npz").values()
    assert np.array_equal(named["kind"], kind)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"kinds": np.zeros(10, np.int32)}, "no stage takes 'kinds'.*the inputs are: kind, x"),
        ({"code": np.zeros(10, np.int32)}, "no stage takes 'code' from outside"),
        ({"kind": np.zeros(9, np.int32)}, r"'kind' is int32\[9\]; give it as int32\[10\]"),
        ({"kind": np.zeros(10)}, r"'kind' is float64\[10\]; give it as int32\[10\]"),
        ({"kind": np.full(10, 1 << 40)}, r"'kind' is int64\[10\]; give it as int32\[10\]"),
        ({"x": np.zeros((10, 16), complex)}, r"holds complex128, not numbers or text"),
    ],
)
def test_inputs_that_do_not_fit_are_refused_by_name(models, arrays, message, tmp_path):
    np.savez(tmp_path / "in.npz", **arrays)
    with pytest.raises(BadInputError, match=message):
        stage_inputs(models, tmp_path / "in.npz")


def test_profiles_on_other_inputs_are_measured_anew(models, runtime, tmp_path):
    """An interrupted profile goes on only with measurements on the same inputs."""
    finished = tmp_path / "part"
    np.savez(tmp_path / "in.npz", kind=np.zeros(10, np.int32))
    measured = []
    for given in (None, None, tmp_path / "in.npz", tmp_path / "in.npz"):
        around = Surroundings(ENVIRONMENT)
        profile_models(models, runtime, EFFORT, around, finished, lambda *at: None, given=given)
        measured.append(len(finished.read_text().splitlines()))
    assert measured == [3, 3, 6, 6]
