"""devsim's plan beside other ways to run a model larger than memory, at one memory limit.

    python benchmarks/peers.py FOLDER [load-bound|compute-bound] [ROUNDS]

The same full-width STDiT pairs with the same weights, on one thread, of which half fit with room
for two more: devsim's plan, the On-device Sora app's policy, accelerate's disk offload, diffusers'
group offloading to disk, and everything resident, which alone has no limit. They take turns, ROUNDS
times (3), each in a fresh process whose footprint is sampled, with its file pages dropped before it
starts. Where a cgroup is permitted it holds each to the limit, file pages included, so that what is
streamed is read from the disk. Few tokens make the first case load-bound: a pair computes for about
half as long as it loads. Converts into FOLDER once and profiles once; remove FOLDER/results to
profile anew. Wants `pip install .[benchmark]` and an otherwise idle machine.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from accelerate import dispatch_model
from diffusers.hooks import apply_group_offloading
from torch import nn
from validation import devsim

from devsim.convert import convert_workload
from devsim.core.plan import Plan
from devsim.core.profile import Profile
from devsim.core.units import format_bytes
from devsim.core.video import Latent, video_of_latent
from devsim.execute.baselines import baseline_plan
from devsim.execute.limit import hard_limit
from devsim.execute.measured import Conditions, Keep, run_plan
from devsim.execute.models import Models
from devsim.execute.page_cache import PageCache, drop_pages
from devsim.execute.recording import Recording
from devsim.execute.requests import Setting
from devsim.execute.sampler import FootprintSampler
from devsim.execute.tensors import random_inputs
from devsim.planner.planner import plan
from devsim.policy.planned import spread
from devsim.runtime.allocator import allocator_environment
from devsim.workloads.open_sora import STDIT
from devsim.workloads.pipeline import TorchPipeline
from devsim.workloads.stdit3 import STDiT3Config, stdit_stage
from devsim.workloads.weights import RandomWeights


class Case(NamedTuple):
    """How many pairs, on what, how often; and how many of them the limit has room for."""

    pairs: int
    latent: Latent
    caption_tokens: int
    iterations: int

    @property
    def resident(self) -> int:
        return self.pairs // 2

    def __str__(self) -> str:
        return (
            f"{self.pairs} pairs, latent {'x'.join(map(str, self.latent))}, "
            f"{self.caption_tokens} caption tokens, {self.iterations} iterations"
        )


CASES = {
    "load-bound": Case(8, Latent(2, 4, 4), 100, 6),
    "compute-bound": Case(8, Latent(4, 16, 16), 300, 2),
}
PEERS = ("accelerate disk offload", "diffusers group offload", "everything resident")
KILLED = float("inf")
OURS = ("devsim's plan", "on-device-sora")


def pairs_of(case: Case) -> TorchPipeline:
    """The pairs alone, as a workload."""
    config = STDiT3Config(depth=case.pairs, caption_length=case.caption_tokens)
    weights = RandomWeights(seed=0)
    stage = stdit_stage(config, video_of_latent(case.latent), weights.component(STDIT))
    pairs = tuple(block for block in stage.blocks if block.name.startswith("st_"))
    return TorchPipeline(
        workload="open-sora-v1.2",
        size="full",
        shape=str(case),
        weights=weights.label([STDIT]),
        stages=(replace(stage, blocks=pairs, alternatives={}),),
    )


class Pairs(nn.Module):
    """The pairs as one torch module: what the peers are given."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        (stage,) = pairs_of(case).stages
        self.names = [port.name for port in stage.blocks[0].inputs]
        self.blocks = nn.ModuleList(block.build().eval() for block in stage.blocks)

    def forward(self, x: torch.Tensor, *rest: torch.Tensor) -> torch.Tensor:
        for block in self.blocks:
            x = block(x, *rest)
        return x


def offloaded(peer: str, case: Case, folder: str) -> Pairs:
    model = Pairs(case).requires_grad_(False)
    if peer == "accelerate disk offload":
        kept = set(spread(case.resident, case.pairs))
        places = {f"blocks.{n}": "cpu" if n in kept else "disk" for n in range(case.pairs)}
        dispatch_model(
            model,
            places,
            main_device="cpu",
            offload_dir=folder,
            force_hooks=True,
            preload_module_classes=[type(model.blocks[0]).__name__],  # a pair is loaded as one
        )
    elif peer == "diffusers group offload":
        apply_group_offloading(
            model,
            onload_device=torch.device("cpu"),
            offload_device=torch.device("cpu"),
            offload_type="block_level",
            num_blocks_per_group=1,
            offload_to_disk_path=folder,
        )
    return model


def run_peer(peer: str, case: Case, models: Path) -> None:
    """In a process of its own: get ready, say so, wait for the word, compute, say how long."""
    torch.set_num_threads(1)
    manifest = Models.open(models).manifest.stages[0]
    inputs = random_inputs(next(b for b in manifest.blocks if b.name == "st_00"))
    with tempfile.TemporaryDirectory(dir=models) as folder, torch.inference_mode():
        model = offloaded(peer, case, folder)
        given = [torch.from_numpy(inputs[name]) for name in model.names]
        print("ready", flush=True)
        sys.stdin.readline()
        drop_pages([Path(folder)])
        started = time.monotonic()
        for _ in range(case.iterations):
            model(*given)
        print(json.dumps(time.monotonic() - started), flush=True)


def measure_peer(peer: str, name: str, models: Path, limit_bytes: int | None) -> tuple[float, int]:
    """Seconds, and the peak of the sampled footprint."""
    limit = hard_limit() if limit_bytes else None
    command = [sys.executable, __file__, "--peer", peer, name, str(models)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=allocator_environment(os.environ),
    ) as process:  # fmt: skip
        if limit:
            limit.hold(process.pid)
        if process.stdout.readline() != "ready\n":
            sys.exit(f"{peer} did not get ready")
        samples = []
        with FootprintSampler(process.pid, samples):
            if limit and limit_bytes:
                limit.restrict(limit_bytes)
            process.stdin.write("go\n")
            process.stdin.flush()
            said = process.stdout.readline()
        process.stdin.close()
        process.wait()
    if limit:
        limit.close()
    peak = max((sample.bytes for sample in samples), default=0)
    return (json.loads(said) if said else KILLED), peak


def measure_ours(made: Plan, setting: Setting) -> tuple[float, int]:
    conditions = Conditions(hard_limit_bytes=made.asked_bytes)
    run = run_plan(made, setting, Keep(Recording(made)), lambda *at: None, conditions)
    return run.trace.makespan_ns / 1e9, run.trace.peak_bytes


def our_plan(profile_path: Path, models: Path, case: Case) -> Plan:
    """For the limit, from a profile of loads that read the disk."""
    profile_path.parent.mkdir(exist_ok=True)
    how = ("--threads", 1, "--page-cache", "drop-always", "--samples", 9)
    if not profile_path.exists() and devsim("profile", models, "-o", profile_path, *how):
        sys.exit("the profile failed")
    profile = Profile.read(profile_path)
    blocks = [next(iter(block.variants.values())) for block in profile.stages[0].blocks]
    pair = max(block.resident_bytes.bytes for block in blocks)
    activation = max(block.activation_bytes.bytes for block in blocks)
    stage = profile.stages[0]
    carried = max((tensor.bytes for tensor in stage.tensors), default=0)
    base = profile.baseline_bytes.bytes + stage.boundary_bytes.bytes + carried
    budget = base + (case.resident + 2) * pair + activation
    return plan(profile, budget, {"stdit": case.iterations})


def main(folder: Path, name: str, rounds: int) -> None:
    case = CASES[name]
    models = folder / f"peers-{name}"
    print(f"{case}: converting", flush=True)
    convert_workload(pairs_of(case), models)
    made = our_plan(folder / "results" / f"peers-{name}.json", models, case)
    setting = Setting(
        models=models, runtime="reference", threads=1, page_cache=PageCache.DROP_ALWAYS
    )
    app = baseline_plan(made, "on-device-sora", Models.open(models))
    ways: dict[str, Callable[[], tuple[float, int]]] = {
        OURS[0]: lambda: measure_ours(made, setting),
        OURS[1]: lambda: measure_ours(app, setting),
    }
    for peer in PEERS:
        held = None if peer == "everything resident" else made.asked_bytes
        ways[peer] = lambda peer=peer, held=held: measure_peer(peer, name, models, held)
    results: dict[str, list[tuple[float, int]]] = {who: [] for who in ways}
    for _ in range(rounds):
        for who, way in ways.items():
            results[who].append(way())
            print(who, results[who][-1], flush=True)
    ours = [seconds for seconds, _ in results[OURS[0]]]
    print(f"\n{name}: {case}; limit {format_bytes(made.asked_bytes)}, {rounds} rounds")
    for who, runs in results.items():
        ratio = statistics.median(s / our for (s, _), our in zip(runs, ours, strict=True))
        seconds = statistics.median(s for s, _ in runs)
        peak = format_bytes(max(peak for _, peak in runs))
        took = f"{seconds:7.2f} s   {peak:>8}   {ratio:5.2f}x the plan's time"
        print(f"{who:26} {took if seconds < KILLED else 'killed: above the limit'}")


if __name__ == "__main__":
    if len(sys.argv) > 4 and sys.argv[1] == "--peer":
        run_peer(sys.argv[2], CASES[sys.argv[3]], Path(sys.argv[4]))
    elif len(sys.argv) > 1 and (sys.argv[2:] or ["load-bound"])[0] in CASES:
        wanted = sys.argv[2] if len(sys.argv) > 2 else "load-bound"
        main(Path(sys.argv[1]), wanted, int(sys.argv[3]) if len(sys.argv) > 3 else 3)
    else:
        sys.exit(__doc__)
