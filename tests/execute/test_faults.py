"""What goes wrong in a run, done for real: it ends with a verdict, and leaves nothing behind."""

import errno
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest
from faulty_disk import needs_fuse

from devsim.core.chrome import read_trace
from devsim.core.plan import Residency
from devsim.execute.executor import ActivityError, Executor
from devsim.execute.lanes import Surroundings
from devsim.execute.measured import Conditions, Keep, Shrink, run_plan
from devsim.execute.recording import Recording
from devsim.execute.watch import WorkerError
from devsim.planner.planner import plan
from devsim.policy.feasible import smallest_budget_bytes
from devsim.policy.named import baseline


def ignore(done, total, what):
    pass


def is_weights(path, block):
    return path.name == "weight.bin" and f"{block}.mlpackage" in path.parts


@needs_fuse
def test_a_read_that_fails_in_the_middle_of_a_load_names_the_package(disk, made, setting):
    def fail(path, offset):
        if is_weights(path, "st_01") and offset > 0:
            raise OSError(errno.EIO, "a bad sector")

    disk.on_read = fail
    recording = Recording(made)
    on_disk = setting.model_copy(update={"models": disk.at})
    with pytest.raises(WorkerError, match=r"st_01\.mlpackage.*Input/output error") as raised:
        run_plan(made, on_disk, Keep(recording), ignore)
    assert raised.value.exit_status == 2
    assert "loading stdit st_0" in raised.value.problem
    assert {span.name for span in recording.trace().spans} >= {"part1", "st_00"}


@needs_fuse
def test_a_disk_that_becomes_slow_makes_the_run_slow_and_its_loads_say_so(disk, made, setting):
    slow_s = 0.02
    disk.on_read = lambda path, offset: time.sleep(slow_s) if is_weights(path, "st_00") else None
    run = run_plan(
        made, setting.model_copy(update={"models": disk.at}), Keep(Recording(made)), ignore
    )
    loads = [s for s in run.trace.spans if s.kind == "load" and "st_00" in s.name]
    assert loads
    assert all(span.duration_ns >= slow_s * 10**9 for span in loads)


class Raising:
    """A real runtime, of which one package's predict raises what no runtime explains."""

    def __init__(self, runtime, block):
        self.name = runtime.name
        self.loaded = []
        self._runtime = runtime
        self._block = block

    def load(self, package):
        loaded = self._runtime.load(package)
        self.loaded.append(loaded)
        if package.stem == self._block:
            loaded.predict = self._predict
        return loaded

    def forget(self, package):
        self._runtime.forget(package)

    def _predict(self, tensors):
        raise RuntimeError("the accelerator went away")


def test_a_predict_that_raises_is_named_and_everything_is_unloaded(models, runtime, pipeline):
    raising = Raising(runtime, "st_01")
    policy = baseline("strided", pipeline, 10**9)
    run = Executor(
        pipeline, policy, 10**9, models, raising, Surroundings({}), "stop", lambda event: None
    )
    with pytest.raises(ActivityError, match="compute of stdit st_01 raised RuntimeError: the acc"):
        run.run()
    assert [t.name for t in threading.enumerate() if t.name.startswith("devsim-")] == []
    held = [loaded for loaded in raising.loaded if loaded.resident_bytes]
    assert held == []


@pytest.fixture
def kept(profile):
    """Four iterations, and everything resident that may be."""
    made = plan(profile, 4 * 10**8, {"stdit": 4})
    everything = tuple(range(len(made.pipeline.stages[0].chunks)))
    residency = (Residency(resident=everything, window=1),)
    return made.model_copy(update={"policy": "planned", "residency": residency})


def test_a_budget_that_shrinks_ends_the_run_with_a_verdict(kept, setting):
    recording = Recording(kept)
    conditions = Conditions(shrink=Shrink(kept.budget_bytes - 1, after_computes=2))
    with pytest.raises(WorkerError, match="the budget shrank to") as raised:
        run_plan(kept, setting, Keep(recording), ignore, conditions)
    assert raised.value.exit_status == 1
    assert len([s for s in recording.trace().spans if s.kind == "compute"]) >= 2


def test_a_budget_that_shrinks_is_met_by_shedding_residents(kept, setting):
    whole = run_plan(kept, setting, Keep(Recording(kept)), ignore)
    least, _ = smallest_budget_bytes(kept.pipeline)
    conditions = Conditions(shrink=Shrink(least, after_computes=2), on_pressure="shed")
    recording = Recording(kept)
    shed = run_plan(kept, setting, Keep(recording), ignore, conditions)
    assert shed.outputs == whole.outputs
    assert recording.shrunk[0].budget_bytes == least
    loads = [s for s in shed.trace.spans if s.kind == "load"]
    chunks = len(kept.pipeline.stages[0].chunks)
    assert len([s for s in whole.trace.spans if s.kind == "load"]) == chunks
    assert len(loads) > chunks  # slower: what is no longer kept is loaded again
    assert sum(span.cold for span in loads) == chunks
    computes = [s for s in shed.trace.spans if s.kind == "compute"]
    assert [s.position for s in computes] == list(range(4 * chunks))


@needs_fuse
def test_ctrl_c_keeps_the_trace_and_leaves_no_process(disk, made, tmp_path):
    """The interrupt comes while a load of the run waits for the disk."""
    reading, go_on = threading.Event(), threading.Event()
    loads = []

    def hold(path, offset):
        if is_weights(path, "st_01") and offset == 0:
            loads.append(path)
            if len(loads) == 3:  # the first are the check's and the unchunked model's
                reading.set()
                go_on.wait()

    disk.on_read = hold
    made.write(tmp_path / "plan.json")
    arguments = ("plan.json", "--models", "disk", "--runs", "1", "-o", "trace.json")
    command = [sys.executable, "-m", "devsim", "validate", *arguments]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        reading.wait()
        workers = psutil.Process(process.pid).children()
        process.send_signal(signal.SIGINT)
        go_on.set()
        _, said = process.communicate()
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert [worker for worker in workers if worker.is_running()] == []
    trace = read_trace(tmp_path / "trace.json")
    assert trace.environment["ended"] == "early"
    assert "part1" in {span.name for span in trace.spans}
