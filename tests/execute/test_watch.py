import os
import shutil
import signal

import psutil
import pytest

from devsim.core.plan import Residency
from devsim.execute.measured import Conditions, Keep, run_plan
from devsim.execute.outputs import StageDigests
from devsim.execute.recording import Recording
from devsim.execute.watch import KilledError, WorkerDiedError, WorkerError
from devsim.planner.planner import plan


def ignore(done, total, what):
    pass


@pytest.fixture
def run(setting):
    """Run a plan in a process of its own."""

    def once(made, *, on_progress=ignore, conditions=None, recording=None, setting=setting):
        keep = Keep(recording or Recording(made))
        return run_plan(made, setting, keep, on_progress, conditions)

    return once


@pytest.fixture(scope="module")
def ran(made, setting):
    """A run that nothing disturbed, and what it told of how far it was."""
    told = []
    keep = Keep(Recording(made))
    return run_plan(made, setting, keep, lambda done, total, _: told.append((done, total))), told


def children():
    return [child for child in psutil.Process().children() if child.status() != "zombie"]


def test_a_run_in_its_own_process_is_traced_and_its_footprint_sampled(ran):
    trace = ran[0].trace
    assert trace.origin == "measured"
    assert trace.environment["compute_threads"] == "1"
    assert trace.footprint[0].time_ns == 0
    assert 10**6 < trace.peak_bytes < 10**9
    assert all(0 <= span.start_ns <= span.end_ns for span in trace.spans)


def test_the_same_plan_gives_the_same_outputs_in_every_iteration(made, run, ran):
    first = ran[0].outputs
    assert run(made).outputs == first
    (stage,) = first
    assert stage == StageDigests(stage="stdit", variant="fp32", digests=stage.digests)
    assert len(stage.digests) == 2
    assert len(set(stage.digests)) == 1


def test_how_far_it_is_is_told_after_every_compute(made, ran):
    told = ran[1]
    computes = 2 * len(made.pipeline.stages[0].chunks)
    assert told == [(number + 1, computes) for number in range(computes)]


def test_an_error_in_the_worker_is_the_same_error_here(made, run, setting, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(setting.models, folder)
    weights = next((folder / "stdit" / "st_00.mlpackage").rglob("weight.bin"))
    weights.write_bytes(b"")
    damaged = setting.model_copy(update={"models": folder})
    with pytest.raises(WorkerError, match=r"st_00\.mlpackage") as raised:
        run(made, setting=damaged)
    assert raised.value.exit_status == 2


def test_a_worker_that_dies_is_told_with_what_it_was_at_and_its_trace_is_kept(profile, run):
    long = plan(profile, 4 * 10**8, {"stdit": 500})  # seconds: not over before it is killed
    recording = Recording(long)

    def kill(done, total, what):
        if done == 4:
            for child in children():
                os.kill(child.pid, signal.SIGKILL)

    with pytest.raises(WorkerDiedError, match=r"died \(SIGKILL\)") as raised:
        run(long, on_progress=kill, recording=recording)
    assert raised.value.exit_status == 1
    assert "of process and tensors" in raised.value.problem
    done = [span.position for span in recording.trace().spans if span.kind == "compute"]
    assert done[:4] == [0, 1, 2, 3]


def test_no_process_is_left_behind(made, run):
    def interrupt(done, total, what):
        raise KeyboardInterrupt

    recording = Recording(made)
    with pytest.raises(KeyboardInterrupt):
        run(made, on_progress=interrupt, recording=recording)
    assert children() == []
    assert recording.trace().spans


def test_residents_of_a_planned_run_are_loaded_once(made, run):
    everything = tuple(range(len(made.pipeline.stages[0].chunks)))
    residency = (Residency(resident=everything, window=1),)
    kept = made.model_copy(update={"policy": "planned", "residency": residency})
    trace = run(kept).trace
    assert sum(span.kind == "load" for span in trace.spans) == len(everything)


def test_a_run_that_holds_a_tenth_more_than_its_hard_limit_is_killed(made, run, ran):
    limit = ran[0].trace.peak_bytes * 10 // 11
    recording = Recording(made)
    with pytest.raises(KilledError, match="killed by the") as raised:
        run(made, conditions=Conditions(hard_limit_bytes=limit), recording=recording)
    error = raised.value
    assert error.exit_status == 1
    assert error.footprint_bytes > limit
    assert children() == []


def test_a_run_below_its_hard_limit_is_left_alone(made, run):
    trace = run(made, conditions=Conditions(hard_limit_bytes=10**9)).trace
    assert trace.environment["hard_limit"].startswith("1000000000 bytes by watchdog")
