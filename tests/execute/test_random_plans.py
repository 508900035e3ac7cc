"""Random plans of small packages, run for real, one after another in one worker process."""

import random

import psutil
import pytest
import torch
from torch import nn

from devsim.convert import convert_workload
from devsim.core.manifest import Port
from devsim.core.pipeline import Pipeline, Stage
from devsim.core.plan import Residency
from devsim.execute.events import Begun
from devsim.execute.measure import Effort
from devsim.execute.measured import profile_folder, run_unchunked
from devsim.execute.recording import Recording
from devsim.execute.requests import RunRequest, Setting
from devsim.execute.watch import Worker
from devsim.planner.planner import plan
from devsim.policy.feasible import needed_bytes
from devsim.policy.planned import Planned
from devsim.simulation.costs import chunk_of
from devsim.workloads.pipeline import TorchBlock, TorchPipeline, TorchStage

PLANS = 200
WIDTH = 1024  # 4 MB of weights a block: what a schedule holds stands out of what Python does
NOISE = 2**20  # what Python takes and gives back while it tells what happens


def block(number):
    def build():
        torch.manual_seed(number)
        return nn.Linear(WIDTH, WIDTH).eval().requires_grad_(False)

    x = Port(name="x", tensor="x", shape=(2, WIDTH), dtype="float32")
    return TorchBlock(f"b{number}", (x,), (x.model_copy(update={"name": "x_out"}),), build)


@pytest.fixture(scope="module")
def setting(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wide")
    stage = TorchStage("wide", 3, tuple(block(number) for number in range(6)))
    convert_workload(TorchPipeline("wide", "tiny", "2", "random seed 0", (stage,)), folder)
    return Setting(models=folder, runtime="reference", threads=1)


@pytest.fixture(scope="module")
def profile(setting, tmp_path_factory):
    finished = tmp_path_factory.mktemp("profile") / "part"
    effort = Effort(cold_samples=1, samples=2, warmup=0)
    return profile_folder(setting, effort, finished, lambda done, total, what: None)


def random_plan(profile, template, rng):
    """Random cuts, residents, window and iterations; often with little memory to spare."""
    blocks = profile.stages[0].blocks
    ends = [*sorted(rng.sample(range(1, len(blocks)), rng.randrange(len(blocks)))), len(blocks)]
    starts = [0, *ends[:-1]]
    chunks = tuple(
        chunk_of(profile, profile.stages[0], bounds, "fp32")
        for bounds in zip(starts, ends, strict=True)
    )
    resident = tuple(n for n in range(len(chunks)) if rng.random() < rng.random())
    residency = (Residency(resident=resident, window=rng.randrange(4)),)
    cut = Stage(
        name="wide",
        variant="fp32",
        iterations=rng.randrange(1, 4),
        boundary_bytes=profile.stages[0].boundary_bytes.bytes,
        chunks=chunks,
    )
    pipeline = Pipeline(workload="wide", baseline_bytes=profile.baseline_bytes.bytes, stages=(cut,))
    spare = rng.choice([0, rng.randrange(2 * 10**7)])
    return template.model_copy(
        update={
            "policy": "planned",
            "pipeline": pipeline,
            "residency": residency,
            "budget_bytes": needed_bytes(pipeline, Planned(residency))[0] + spare,
        }
    )


def test_random_plans_keep_the_budget_and_compute_the_model(profile, setting, tmp_path):
    template = plan(profile, 10**9)
    (expected,) = run_unchunked(template, setting, tmp_path / "expected.npz")
    rng = random.Random(0)
    samples, threads = [], []
    with Worker(samples) as worker:
        for _ in range(PLANS):
            made = random_plan(profile, template, rng)
            recording, ledger = Recording(made), []
            before = len(samples)

            def note(told, recording=recording, ledger=ledger):
                recording.note(told)
                if isinstance(told, Begun):
                    ledger.append(told.ledger_bytes)

            (outputs,) = worker.ask(RunRequest(plan=made, setting=setting), note).outputs
            assert set(outputs.digests) == set(expected.digests)
            assert max(ledger) <= made.budget_bytes
            recording.samples = samples[before:]
            trace = recording.trace()
            added = trace.peak_bytes - trace.footprint[0].bytes
            assert added <= made.budget_bytes - made.pipeline.baseline_bytes + NOISE
            threads.append(psutil.Process(worker.pid).num_threads())
    # One thread that stays from each run would make the least of the later counts larger than any
    # of the earlier ones; threads that are about to end make no difference.
    half = len(threads) // 2
    assert min(threads[half:]) <= max(threads[:half])
