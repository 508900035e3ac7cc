import os
import shutil
import signal

import psutil
import pytest

from devsim.core.plan import Residency
from devsim.core.profile import Profile
from devsim.execute.measure import Effort
from devsim.execute.measured import profile_folder, run_plan
from devsim.execute.watch import WorkerError
from devsim.planner.planner import plan

EFFORT = Effort(cold_samples=1, samples=2, warmup=0)


def ignore(done, total, what):
    pass


@pytest.fixture(scope="module")
def profile(tiny_models, tmp_path_factory) -> Profile:
    finished = tmp_path_factory.mktemp("profile") / "part"
    return profile_folder(tiny_models, "reference", 1, EFFORT, finished, ignore)


@pytest.fixture(scope="module")
def made(profile):
    return plan(profile, 10**9, {"stdit": 2})


def test_a_run_in_its_own_process_is_traced_and_its_footprint_sampled(made, tiny_models):
    run = run_plan(made, tiny_models, "reference", None, ignore)
    assert run.trace.origin == "measured"
    assert run.trace.environment["compute_threads"] == "1"  # as the profile was measured
    blocks = sum(len(chunk.blocks) for chunk in made.pipeline.stages[0].chunks)
    assert blocks == 4
    assert run.trace.footprint[0].time_ns == 0
    assert 10**6 < run.trace.peak_bytes < 10**9
    assert all(0 <= span.start_ns <= span.end_ns for span in run.trace.spans)


def test_the_same_plan_gives_the_same_outputs(made, tiny_models):
    runs = [run_plan(made, tiny_models, "reference", None, ignore) for _ in range(2)]
    assert runs[0].outputs_digest == runs[1].outputs_digest


def test_an_error_in_the_worker_is_the_same_error_here(made, tiny_models, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(tiny_models, folder)
    weights = next((folder / "stdit" / "st_00.mlpackage").rglob("weight.bin"))
    weights.write_bytes(b"")
    with pytest.raises(WorkerError, match=r"st_00\.mlpackage") as raised:
        run_plan(made, folder, "reference", None, ignore)
    assert raised.value.exit_status == 2


def test_a_worker_that_is_killed_is_reported_with_its_signal(profile, tiny_models):
    long = plan(profile, 10**9, {"stdit": 500})  # seconds: not over before it is killed

    def kill(done, total, what):
        for child in psutil.Process().children():
            os.kill(child.pid, signal.SIGKILL)

    with pytest.raises(WorkerError, match=r"status -9"):
        run_plan(long, tiny_models, "reference", None, kill)


def test_no_process_is_left_behind(made, tiny_models):
    def interrupt(done, total, what):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_plan(made, tiny_models, "reference", None, interrupt)
    assert psutil.Process().children() == []


def test_residents_of_a_planned_run_are_loaded_once(made, tiny_models):
    everything = tuple(range(len(made.pipeline.stages[0].chunks)))
    kept = made.model_copy(update={"residency": (Residency(resident=everything, window=1),)})
    run = run_plan(kept, tiny_models, "reference", None, ignore)
    assert sum(span.kind == "load" for span in run.trace.spans) == len(everything)
