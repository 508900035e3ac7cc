"""The coreml runtime's processes, cache and errors, with a stand-in where Core ML would be."""

import os
import shutil
import sys
import threading
from pathlib import Path

import numpy as np
import psutil
import pytest
from contract import RuntimeContract, double, linear

from devsim.core.errors import BadFileError, BadInputError
from devsim.execute.footprint import footprint_bytes
from devsim.runtime.coreml import CoreMLRuntime
from devsim.runtime.coreml.errors import CoreMLError
from devsim.runtime.coreml.units import ComputeUnit

__all__ = ["double", "linear"]

STAND_IN = (sys.executable, str(Path(__file__).with_name("stand_in_helper.py")))
ONES = {"x": np.ones((2, 3), np.int32)}


def open_stand_in(folder: Path, unit: ComputeUnit = ComputeUnit.ALL) -> CoreMLRuntime:
    return CoreMLRuntime(unit, folder, "build", STAND_IN)


@pytest.fixture(scope="module")
def runtime(tmp_path_factory):
    with open_stand_in(tmp_path_factory.mktemp("cache")) as runtime:
        yield runtime


class TestStandInContract(RuntimeContract):
    """The whole contract over helper processes; on a Mac, test_coreml_contract runs Core ML."""

    @pytest.fixture
    def runtime(self, runtime):
        return runtime

    def footprint(self) -> int:
        family = [os.getpid(), *(child.pid for child in psutil.Process().children())]
        return sum(footprint_bytes(pid) for pid in family)


@pytest.fixture
def named(double, tmp_path):
    """A copy of a package with a name, and with a file of that name for the stand-in."""

    def copy(name: str) -> Path:
        package = Path(shutil.copytree(double, tmp_path / f"{name}.mlpackage"))
        (package / name).touch()
        return package

    return copy


def test_a_package_is_not_changed_by_being_run(runtime, named):
    package = named("plain")
    before = {path: path.stat().st_mtime_ns for path in package.rglob("*")}
    runtime.load(package).unload()
    assert {path: path.stat().st_mtime_ns for path in package.rglob("*")} == before


def test_compile_cold_and_cached_loads_are_told_apart(named, tmp_path):
    package = named("plain")
    times = []
    with open_stand_in(tmp_path / "cache") as runtime:
        for forget in (False, False, True):
            if forget:
                runtime.forget(package)
            loaded = runtime.load(package)
            times.append((loaded.times.compile_ns is not None, loaded.times.cold))
            loaded.unload()
    assert times == [(True, True), (False, False), (False, True)]


def test_what_was_compiled_is_kept_for_other_processes_by_unit_and_content(named, tmp_path):
    package = named("plain")
    compiled = []
    for unit in (ComputeUnit.ALL, ComputeUnit.ALL, ComputeUnit.CPU_ONLY):
        with open_stand_in(tmp_path / "cache", unit) as runtime:
            loaded = runtime.load(package)
            compiled.append((loaded.times.compile_ns is not None, loaded.times.cold))
            if unit is ComputeUnit.CPU_ONLY:
                with (package / "Manifest.json").open("a") as manifest:
                    manifest.write(" ")
                changed = runtime.load(package)
                compiled.append((changed.times.compile_ns is not None, changed.times.cold))
    assert compiled == [(True, True), (False, False), (True, True), (True, True)]


def test_a_package_that_kills_its_process_is_named_and_the_rest_goes_on(runtime, named):
    killing, other = runtime.load(named("kills")), runtime.load(named("plain"))
    for _ in range(2):
        with pytest.raises(
            CoreMLError, match=r"kills\.mlpackage: its process ended .*computing.*SIGKILL"
        ):
            killing.predict(ONES)
    killing.unload()
    assert other.predict(ONES)["y"].tolist() == [[2, 2, 2]] * 2
    other.unload()


def test_what_core_ml_says_is_one_line_that_names_the_package(runtime, named):
    with pytest.raises(
        CoreMLError, match=r"refused\.mlpackage: .*\(Error computing NN outputs\.\)"
    ):
        runtime.load(named("refused"))


def test_a_damaged_package_is_a_bad_file(runtime, named):
    package = named("damaged")
    next(package.rglob("*.mlmodel")).write_bytes(b"\xff" * 100)
    with pytest.raises(BadFileError, match=r"damaged\.mlpackage"):
        runtime.load(package)


def test_a_cache_that_cannot_be_written_is_named(named, tmp_path):
    (tmp_path / "file").touch()
    with (
        open_stand_in(tmp_path / "file") as runtime,
        pytest.raises(BadInputError, match=r"file.*cannot be written.*DEVSIM_CACHE"),
    ):
        runtime.load(named("plain"))


def test_an_interrupted_compile_leaves_nothing_behind(named, tmp_path):
    package = named("plain")
    (package / "does-not-compile").touch()
    with (
        open_stand_in(tmp_path / "cache") as runtime,
        pytest.raises(CoreMLError, match="compiling"),
    ):
        runtime.load(package)
    assert list((tmp_path / "cache").rglob("*.mlmodelc")) == []


def test_helpers_are_kept_for_later_packages_and_ended_at_the_close(named, tmp_path):
    package = named("plain")
    before = set(psutil.Process().children())
    with open_stand_in(tmp_path / "cache") as runtime:
        for _ in range(3):
            runtime.load(package).unload()
        assert len(set(psutil.Process().children()) - before) == 2  # one, and one started ahead
    assert set(psutil.Process().children()) <= before


def test_a_load_goes_on_while_another_package_computes(named, tmp_path, monkeypatch):
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    monkeypatch.setenv("STAND_IN_GATE", str(gate))
    results = []
    with open_stand_in(tmp_path / "cache") as runtime:
        waiting = runtime.load(named("waits"))
        thread = threading.Thread(target=lambda: results.append(waiting.predict(ONES)["y"]))
        thread.start()
        with gate.open("wb"):  # opens once the other process computes; it goes on at the close
            other = runtime.load(named("plain"))
            assert other.predict(ONES)["y"].tolist() == [[2, 2, 2]] * 2
            assert results == []
        thread.join()
    assert results[0].tolist() == [[2, 2, 2]] * 2
