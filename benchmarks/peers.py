"""devsim's plan beside other ways to run a model larger than memory, at one memory limit.

    python benchmarks/peers.py FOLDER [small|large] [ROUNDS]

The same STDiT pairs with the same weights, half of which fit: devsim's plan, the On-device Sora
app's policy, accelerate's disk offload, diffusers' group offloading to disk, and everything
resident, which alone has no limit. They take turns, ROUNDS times (3), each in a fresh process whose
footprint is sampled, with its file pages dropped before it starts. Where a cgroup is permitted it
holds each to the limit, file pages included, so that what is streamed is read from the disk.
Converts into FOLDER once (as benchmarks/validation.py does) and profiles once; remove
FOLDER/results to profile anew. Wants `pip install .[benchmark]`.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from accelerate import dispatch_model
from diffusers.hooks import apply_group_offloading
from torch import nn
from validation import LATENTS, PAIRS, converted, devsim

from devsim.core.plan import Plan
from devsim.core.profile import Profile
from devsim.core.units import format_bytes
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
from devsim.workloads import find
from devsim.workloads.pipeline import Options

ITERATIONS = {"small": 4, "large": 2}
PEERS = ("accelerate disk offload", "diffusers group offload", "everything resident")
KILLED = float("inf")
OURS = ("devsim's plan", "on-device-sora")


class Pairs(nn.Module):
    """The ST pairs of the denoiser as one torch module: what the peers are given."""

    def __init__(self, latent: str) -> None:
        super().__init__()
        shape = tuple(map(int, LATENTS[latent].split("x")))
        stages = find("open-sora-v1.2").pipeline(Options(depth=PAIRS, shape=shape)).stages
        stage = next(stage for stage in stages if stage.name == "stdit")
        pairs = [block for block in stage.blocks if block.name.startswith("st_")]
        self.names = [port.name for port in pairs[0].inputs]
        self.blocks = nn.ModuleList(block.build().eval() for block in pairs)

    def forward(self, x: torch.Tensor, *rest: torch.Tensor) -> torch.Tensor:
        for block in self.blocks:
            x = block(x, *rest)
        return x


def offloaded(peer: str, latent: str, folder: str) -> Pairs:
    model = Pairs(latent).requires_grad_(False)
    if peer == "accelerate disk offload":
        # One pair fewer than devsim keeps: its process holds more, and would be killed.
        kept = set(spread(PAIRS // 2 - 1, PAIRS))
        places = {f"blocks.{n}": "cpu" if n in kept else "disk" for n in range(PAIRS)}
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


def run_peer(peer: str, latent: str, models: Path) -> None:
    """In a process of its own: get ready, say so, wait for the word, compute, say how long."""
    torch.set_num_threads(1)
    manifest = Models.open(models).manifest.stages[0]
    inputs = random_inputs(next(b for b in manifest.blocks if b.name == "st_00"))
    with tempfile.TemporaryDirectory(dir=models) as folder, torch.inference_mode():
        model = offloaded(peer, latent, folder)
        given = [torch.from_numpy(inputs[name]) for name in model.names]
        print("ready", flush=True)
        sys.stdin.readline()
        drop_pages([Path(folder)])
        started = time.monotonic()
        for _ in range(ITERATIONS[latent]):
            model(*given)
        print(json.dumps(time.monotonic() - started), flush=True)


def measure_peer(
    peer: str, latent: str, models: Path, limit_bytes: int | None
) -> tuple[float, int]:
    """Seconds, and the peak of the sampled footprint."""
    limit = hard_limit() if limit_bytes else None
    command = [sys.executable, __file__, "--peer", peer, latent, str(models)]
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
    conditions = Conditions(hard_limit_bytes=made.budget_bytes)
    run = run_plan(made, setting, Keep(Recording(made)), lambda *at: None, conditions)
    return run.trace.makespan_ns / 1e9, run.trace.peak_bytes


def our_plan(folder: Path, models: Path, latent: str) -> Plan:
    """For a budget that holds half of the pairs, from a profile that reads the disk."""
    path = folder / "results" / f"peers-{latent}.json"
    path.parent.mkdir(exist_ok=True)
    how = ("--threads", 1, "--page-cache", "drop-always")
    if not path.exists() and devsim("profile", models, "-o", path, *how):
        sys.exit("the profile failed")
    profile = Profile.read(path)
    blocks = [next(iter(block.variants.values())) for block in profile.stages[0].blocks]
    pair = max(block.resident_bytes.bytes for block in blocks)
    activation = max(block.activation_bytes.bytes for block in blocks)
    base = profile.baseline_bytes.bytes + profile.stages[0].boundary_bytes.bytes
    budget = base + (PAIRS // 2 + 1) * pair + activation
    return plan(profile, budget, {"stdit": ITERATIONS[latent]})


def main(folder: Path, latent: str, rounds: int) -> None:
    models = converted(folder, latent)
    made = our_plan(folder, models, latent)
    setting = Setting(
        models=models, runtime="reference", threads=1, page_cache=PageCache.DROP_ALWAYS
    )
    app = baseline_plan(made, "on-device-sora", Models.open(models))
    ways: dict[str, Callable[[], tuple[float, int]]] = {
        OURS[0]: lambda: measure_ours(made, setting),
        OURS[1]: lambda: measure_ours(app, setting),
    }
    for peer in PEERS:
        held = None if peer == "everything resident" else made.budget_bytes
        ways[peer] = lambda peer=peer, held=held: measure_peer(peer, latent, models, held)
    results: dict[str, list[tuple[float, int]]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            results[name].append(way())
            print(name, results[name][-1], flush=True)
    ours = [seconds for seconds, _ in results[OURS[0]]]
    print(f"\nlatent {LATENTS[latent]}, limit {format_bytes(made.budget_bytes)}, {rounds} rounds")
    for name, runs in results.items():
        ratio = statistics.median(s / our for (s, _), our in zip(runs, ours, strict=True))
        seconds = statistics.median(s for s, _ in runs)
        peak = format_bytes(max(peak for _, peak in runs))
        took = f"{seconds:7.2f} s   {peak:>8}   {ratio:5.2f}x the plan's time"
        print(f"{name:26} {took if seconds < KILLED else 'killed: above the limit'}")


if __name__ == "__main__":
    if len(sys.argv) > 4 and sys.argv[1] == "--peer":
        run_peer(sys.argv[2], sys.argv[3], Path(sys.argv[4]))
    elif len(sys.argv) > 1:
        latent = sys.argv[2] if len(sys.argv) > 2 else "small"
        main(Path(sys.argv[1]), latent, int(sys.argv[3]) if len(sys.argv) > 3 else 3)
    else:
        sys.exit(__doc__)
