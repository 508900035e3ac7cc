"""How far predictions are from runs, on plans over full-width STDiT pairs.

    python benchmarks/validation.py FOLDER [CASE ...]

Converts into FOLDER (2.3 GB, kept for the next time). Each plan is profiled, and then run three
times: a shared machine may be another one a few minutes later. What is finished is kept in FOLDER,
so it goes on where it was stopped; remove FOLDER/results to begin anew. Prints a table and writes
it with the environment to FOLDER/results/validation.md. Wants an otherwise idle machine: about
twenty minutes.
"""

import json
import statistics
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from devsim.convert import convert_workload
from devsim.core.pipeline import Pipeline, Stage
from devsim.core.plan import Plan, Residency
from devsim.core.profile import Profile
from devsim.core.units import format_bytes
from devsim.planner.planner import plan
from devsim.policy.feasible import needed_bytes
from devsim.policy.planned import Planned, spread
from devsim.simulate.costs import chunk_of, lane_speeds
from devsim.workloads import find
from devsim.workloads.pipeline import Options

PAIRS = 6
LATENTS = {"small": "4x8x8", "large": "8x16x16"}


class Setting(NamedTuple):
    """What a profile is made with; its plans run with the same."""

    latent: str
    threads: int
    page_cache: str

    @property
    def name(self) -> str:
        return f"{self.latent}-{self.threads}t-{self.page_cache}"


class Case(NamedTuple):
    """A plan: chunk size, share of the chunks that is resident, window, iterations."""

    setting: Setting
    size: int
    resident: float
    window: int
    iterations: int

    @property
    def name(self) -> str:
        kept = f"{self.resident:.0%}".rstrip("%")
        return f"{self.setting.name}-c{self.size}-r{kept}-w{self.window}"


SMALL, SMALL2 = Setting("small", 1, "keep"), Setting("small", 2, "keep")
DISK, DISK2 = Setting("small", 1, "drop-always"), Setting("small", 2, "drop-always")
DROPPED = Setting("small", 1, "drop")
LARGE = Setting("large", 1, "keep")
CASES = (
    Case(SMALL, 1, 0.0, 0, 3),
    Case(SMALL, 1, 0.5, 1, 4),
    Case(SMALL, 2, 0.5, 1, 4),
    Case(SMALL2, 1, 0.5, 1, 4),
    Case(SMALL2, 1, 0.0, 2, 4),
    Case(DISK, 1, 0.0, 1, 4),
    Case(DISK, 1, 0.5, 1, 4),
    Case(DISK, 2, 0.25, 1, 4),
    Case(DISK2, 1, 0.5, 1, 4),
    Case(DISK2, 1, 0.0, 1, 4),
    Case(DROPPED, 1, 0.5, 1, 4),
    Case(LARGE, 1, 0.5, 1, 2),
    Case(LARGE, 2, 0.0, 1, 2),
)


def plan_of(profile: Profile, case: Case) -> Plan:
    """The plan of a case, with the least budget under which its loader is never held back."""
    (stage,) = profile.stages
    variant = next(iter(stage.blocks[0].variants))
    blocks = [stage.blocks[at : at + case.size] for at in range(0, len(stage.blocks), case.size)]
    chunks = tuple(chunk_of(profile, group, variant) for group in blocks)
    kept = spread(round(case.resident * len(chunks)), len(chunks)) if case.resident else ()
    cut = Stage(
        name=stage.name,
        variant=variant,
        iterations=case.iterations,
        boundary_bytes=stage.boundary_bytes.bytes,
        chunks=chunks,
    )
    pipeline = Pipeline(
        workload=profile.workload,
        baseline_bytes=profile.baseline_bytes.bytes,
        contended=lane_speeds(profile.contention),
        stages=(cut,),
    )
    residency = (Residency(resident=kept, window=case.window),)
    largest = max(chunk.cost.resident_bytes + chunk.cost.transient_bytes for chunk in chunks)
    budget = needed_bytes(pipeline, Planned(residency))[0] + case.window * largest
    made = plan(profile, budget, {stage.name: case.iterations})
    update = {"policy": "planned", "pipeline": pipeline, "residency": residency}
    return made.model_copy(update=update)


def devsim(*args: object) -> int:
    print(f"$ devsim {' '.join(map(str, args))}", flush=True)
    command = [sys.executable, "-m", "devsim", *map(str, args)]
    return subprocess.run(command, stdout=subprocess.DEVNULL).returncode


def converted(folder: Path, latent: str) -> Path:
    """The pairs and both end packages; without the merged-token variant, which no plan uses."""
    models = folder / f"models-{latent}"
    if not (models / "manifest.json").exists():
        print(f"converting into {models}", flush=True)
        shape = tuple(map(int, LATENTS[latent].split("x")))
        options = Options(depth=PAIRS, shape=shape, stages=("stdit",))
        pipeline = find("open-sora-v1.2").pipeline(options)
        (stage,) = pipeline.stages
        convert_workload(replace(pipeline, stages=(replace(stage, alternatives={}),)), models)
    return models


def profiled(folder: Path, case: Case) -> Profile:
    path = folder / "results" / f"{case.name}.profile.json"
    setting = case.setting
    if not path.exists():
        models = converted(folder, setting.latent)
        how = ("--threads", setting.threads, "--page-cache", setting.page_cache)
        status = devsim("profile", models, "-o", path, *how)
        if status:
            sys.exit(status)
    return Profile.read(path)


def validated(folder: Path, case: Case) -> dict:
    report = folder / "results" / f"{case.name}.report.json"
    if not report.exists():
        made = plan_of(profiled(folder, case), case)
        path = folder / "results" / f"{case.name}.plan.json"
        made.write(path, force=True)
        models = converted(folder, case.setting.latent)
        devsim("validate", path, "--models", models, "--enforce", "-o", report)
    if not report.exists():
        sys.exit(f"{case.name}: could not be validated")
    return json.loads(report.read_text())


def verdict_on_ten_percent_over(folder: Path, case: Case, report: dict) -> str:
    """What is said of a finished case's plan under a hard limit that it exceeds by a tenth."""
    said = folder / "results" / "over.txt"
    if not said.exists():
        limit = max(report["measured"]["peak_bytes"]) * 10 // 11
        plan_path = folder / "results" / f"{case.name}.plan.json"
        command = [sys.executable, "-m", "devsim", "validate", plan_path, "--runs", "1"]
        command += ["--models", converted(folder, case.setting.latent)]
        command += ["--enforce", "--hard-limit", limit]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        said.write_text(f"exit status {done.returncode}: {done.stderr.strip()}")
    return said.read_text()


def table(reports: dict[Case, dict]) -> str:
    """The figures of every plan, and what the aims are."""
    lines = [
        "| plan | makespan | error | spread | peak | error | loads | computes | most in |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for case, report in reports.items():
        measured = statistics.median(report["measured"]["makespan_s"])
        lines.append(
            f"| `{case.name}` | {measured:.2f} s | {report['makespan_error']:+.1%} "
            f"| {report['spread']['makespan']:.1%} "
            f"| {format_bytes(max(report['measured']['peak_bytes']))} "
            f"| {report['peak_error']:+.1%} | {report['load_busy_error']:+.1%} "
            f"| {report['compute_busy_error']:+.1%} | {report['explanation']['most']} |"
        )
    errors = [abs(report["makespan_error"]) for report in reports.values()]
    peaks = [abs(report["peak_error"]) for report in reports.values()]
    held = all(r["outputs_equal"] and not r["budget_exceeded"] for r in reports.values())
    lines += [
        "",
        f"Makespan error: median {statistics.median(errors):.1%} (aim 4 %), worst "
        f"{max(errors):.1%} (aim 10 %). Peak footprint error: worst {max(peaks):.1%} (aim 5 %).",
        f"Within the budget as a hard limit, and outputs bit for bit: {'yes' if held else 'NO'}.",
    ]
    return "\n".join(lines)


def main(folder: Path, names: list[str]) -> None:
    """Run what is not finished, then print and write the table."""
    (folder / "results").mkdir(parents=True, exist_ok=True)
    chosen = [case for case in CASES if not names or case.name in names]
    if not chosen:
        sys.exit(f"no such case; there are: {', '.join(case.name for case in CASES)}")
    reports = {case: validated(folder, case) for case in chosen}
    first = chosen[0]
    environment = reports[first]["environment"]
    over = verdict_on_ten_percent_over(folder, first, reports[first])
    facts = "\n".join(f"- {name}: {value}" for name, value in environment.items())
    text = "\n\n".join(
        (
            "# Predictions and runs",
            f"{PAIRS} full-width STDiT pairs and both end packages. A plan's name: latent (small "
            "4x8x8, large 8x16x16), compute threads, page cache, chunk size, percent resident, "
            "window. Errors are of the prediction, against the median of three runs.",
            table(reports),
            f"The first plan, 10 % over its hard limit: {over}",
            f"Environment of the first plan's last run:\n\n{facts}\n",
        )
    )
    (folder / "results" / "validation.md").write_text(text)
    print(text)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2:])
