"""The valid files that variants start from, made by devsim itself: ``python -m fuzz.seeds FOLDER``.

A tiny workload goes the whole path. Optional fields that the path leaves empty are filled in, so
that the walk over every field meets them.
"""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import devsim

CHECKOUT = Path(devsim.__file__).parents[1]
WORKLOAD = ("open-sora-v1.2", "--size", "tiny", "--latent", "2x4x4", "--stage", "stdit")
CONVERT = ("convert", *WORKLOAD, "--depth", "1", "-j", "0")
PACKAGE = "models/stdit/part2.mlpackage"

_DURATIONS_NS = {
    "cold_load": 4 * 10**6, "cached_load": 10**6, "unload": 10**5, "compute": 2 * 10**6,
}  # fmt: skip
"""Instead of what was measured, so that the variants of the plan are the same each time."""

_TOTALS = """\
schema_version = 1
title = "made-up totals"
budget_bytes = 3300000000
frames = "68"
resolutions = { g = ["256x256", "192x192"] }
parameters = { load_fixed_s = { low = 0.002, high = 0.1, source = "assumed" } }

[[runs]]
stages = ["stdit"]
variant = "fp32"
policy = "on-device-sora"
ci = true
dl = true
iterations = 2
group = "g"
[[runs.figures]]
name = "all"
quantity = "whole"
seconds = 0.03
spread = 0.02
source = "made up"
"""


def make(folder: Path) -> None:
    """Make every seed in a fresh process, which may import torch."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-m", "fuzz.seeds", str(folder)]
    made = subprocess.run(command, env=environment, cwd=CHECKOUT, capture_output=True, text=True)
    if made.returncode != 0:
        raise RuntimeError(f"the valid files could not be made: {made.stderr[-2000:]}")


def _devsim(folder: Path, *args: str) -> None:
    command = [sys.executable, "-m", "devsim", *args]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def _everything(folder: Path) -> None:
    _devsim(folder, *CONVERT, "-o", "models")
    sampled = ("--samples", "2", "--cold-samples", "1", "--warmup", "0")
    _devsim(folder, "profile", "models", "-o", "profile.json", *sampled)
    _fill_profile(folder / "profile.json")
    planned = ("--budget", "1GB", "--iterations", "stdit=2")
    _devsim(folder, "plan", "--profile", "profile.json", *planned, "-o", "plan.json")
    _fill_plan(folder / "plan.json")
    _devsim(folder, "simulate", "plan.json", "-o", "simulated.json")
    _write_traces(folder)
    _write_records(folder)
    _write_checkpoint(folder)
    _write_inputs(folder)
    (folder / "totals.toml").write_text(_TOTALS)
    device = CHECKOUT / "profiles" / "devices" / "iphone15pro.toml"
    (folder / "device.toml").write_text(device.read_text())
    shipped = CHECKOUT / "profiles" / "open-sora-v1.2" / "iphone15pro-256x256.json"
    (folder / "shipped.json").write_text(shipped.read_text())


def _fill_profile(path: Path) -> None:
    from devsim.core.profile import Profile

    profile: dict[str, Any] = json.loads(path.read_text())
    profile["baseline_bytes"]["bytes"] = 10**8
    profile["contention"] |= {"load_slowdown": 1.5, "compute_slowdown": 1.5}
    contention = profile["contention"]
    for stage in profile["stages"]:
        stage["unit"] = "cpu"
        for block in stage["blocks"]:
            for variant in block["variants"].values():
                variant["unit"] = "cpu"
                for activity, duration_ns in _DURATIONS_NS.items():
                    variant[activity]["ns"] = [duration_ns]
                work = {"kind": "linear", "amount": variant["flops"], "frames": 1, "area": 1}
                variant["work"] = [work]
    profile["units"] = {"cpu": contention}
    profile["fitted"] = [
        {"name": "dispatch_s", "value": 0.001, "low": 0.0005, "high": 0.002, "source": "run"}
    ]
    Profile.model_validate(profile).write(path, force=True)


def _fill_plan(path: Path) -> None:
    from devsim.core.plan import Plan

    plan: dict[str, Any] = json.loads(path.read_text())
    plan["offered_bytes"] = plan["budget_bytes"]
    plan["baselines"] = plan["baselines"][:2]
    plan["robustness"] = {
        "percentile": 90, "makespan_ns": 10**8, "median_ns": 9 * 10**7, "runs": 10, "seed": 0,
    }  # fmt: skip
    (stage,) = plan["pipeline"]["stages"]
    blocks = [name for chunk in stage["chunks"] for name in chunk["blocks"]]
    stage["chunks"] = [{**stage["chunks"][0], "blocks": [name]} for name in blocks]
    plan["residency"] = [{"resident": [0, 1, 2], "window": 3}]
    Plan.model_validate(plan).write(path, force=True)
    first, second, last = stage["chunks"]
    stage["chunks"] = [first, {**second, "blocks": second["blocks"] + last["blocks"]}]
    plan["residency"][0]["resident"] = [0, 1]
    Plan.model_validate(plan).write(path.with_name("joined.json"))


def _write_traces(folder: Path) -> None:
    from devsim.core.chrome import read_trace, write_trace

    measured = replace(
        read_trace(folder / "simulated.json"), origin="measured", environment={"device": "here"}
    )
    write_trace(measured, folder / "trace.json")
    write_trace(measured, folder / "trace.json.gz")


def _write_records(folder: Path) -> None:
    """What a conversion that was stopped before its end leaves: every package, no manifest."""
    from devsim.convert.records import Record
    from devsim.core.manifest import Manifest

    records = folder / "records"
    records.mkdir()
    for stage in Manifest.read(folder / "models" / "manifest.json").stages:
        for block in stage.packages():
            record = Record(schema_version=1, block=block)
            record.write(records / f"{block.package.replace('/', '.')}.json")


def _write_checkpoint(folder: Path) -> None:
    import torch
    from safetensors.torch import save_file

    from devsim.workloads.open_sora import SIZES
    from devsim.workloads.stdit3 import STDiT3
    from devsim.workloads.weights import RandomWeights, materialise

    with torch.device("meta"):
        model = STDiT3(SIZES["tiny"].stdit)
    state = materialise(model, model, RandomWeights(5)).half().state_dict()
    for name in ("safetensors", "torch", "sharded"):
        (folder / "checkpoints" / name).mkdir(parents=True)
    save_file(state, folder / "checkpoints" / "safetensors" / "model.safetensors")
    torch.save(dict(state), folder / "checkpoints" / "torch" / "pytorch_model.bin")
    shard = folder / "checkpoints" / "sharded" / "model-00001-of-00001.safetensors"
    save_file(state, shard)
    index = {"metadata": {"total_size": 1}, "weight_map": dict.fromkeys(state, shard.name)}
    (shard.parent / "model.safetensors.index.json").write_text(json.dumps(index))


def _write_inputs(folder: Path) -> None:
    import numpy as np

    from devsim.core.manifest import Manifest

    blocks = Manifest.read(folder / "models" / "manifest.json").stages[0].blocks
    ports = next(block for block in blocks if block.package in PACKAGE).inputs
    with (folder / "inputs.npz").open("wb") as file:
        arrays = {port.name: np.ones(port.shape, port.dtype) for port in ports}
        np.savez(file, allow_pickle=False, **arrays)


if __name__ == "__main__":
    _everything(Path(sys.argv[1]))
