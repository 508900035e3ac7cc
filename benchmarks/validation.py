"""How far predictions are from runs, on plans over full-width STDiT pairs.

    python benchmarks/validation.py FOLDER [--rounds 7] [--case NAME ...]

Converts into FOLDER (2.3 GB, kept for the next time). A shared machine is now faster, now slower,
for seconds and for minutes. So all plans take turns: in every round each setting is profiled for
a short time, and then its plans are run once. What is finished is kept in FOLDER, so it goes on
where it was stopped, and more rounds can be added; remove FOLDER/results to begin anew. Prints a
table and writes it with the environment to FOLDER/results/validation.md. Wants an otherwise idle
machine: about six minutes a round.
"""

import argparse
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
from devsim.simulation.costs import chunk_of, lane_speeds
from devsim.workloads import find
from devsim.workloads.pipeline import Options

PAIRS = 6
ROUNDS = 7
EFFORT = ("--cold-samples", 3, "--samples", 2, "--warmup", 0)
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
    Case(SMALL, 1, 0.0, 0, 5),
    Case(SMALL, 1, 0.5, 1, 5),
    Case(SMALL, 2, 0.5, 1, 5),
    Case(SMALL2, 1, 0.5, 1, 5),
    Case(SMALL2, 1, 0.0, 2, 5),
    Case(DISK, 1, 0.0, 1, 5),
    Case(DISK, 1, 0.5, 1, 5),
    Case(DISK, 2, 0.25, 1, 5),
    Case(DISK2, 1, 0.5, 1, 5),
    Case(DISK2, 1, 0.0, 1, 5),
    Case(DROPPED, 1, 0.5, 1, 5),
    Case(LARGE, 1, 0.5, 1, 2),
    Case(LARGE, 2, 0.0, 1, 2),
)


def plan_of(profile: Profile, case: Case) -> Plan:
    """The plan of a case, with the least budget under which its loader is never held back."""
    (stage,) = profile.stages
    variant = next(iter(stage.blocks[0].variants))
    count = len(stage.blocks)
    groups = [(at, min(at + case.size, count)) for at in range(0, count, case.size)]
    chunks = tuple(chunk_of(profile, stage, group, variant) for group in groups)
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


def path_of(folder: Path, name: str, turn: int, what: str) -> Path:
    return folder / "results" / f"{name}.{turn}.{what}.json"


def profiled(folder: Path, setting: Setting, turn: int) -> Profile:
    path = path_of(folder, setting.name, turn, "profile")
    if not path.exists():
        models = converted(folder, setting.latent)
        how = ("--threads", setting.threads, "--page-cache", setting.page_cache)
        status = devsim("profile", models, "-o", path, *how, *EFFORT)
        if status:
            sys.exit(status)
    return Profile.read(path)


def validated(folder: Path, case: Case, turn: int) -> dict:
    report = path_of(folder, case.name, turn, "report")
    if not report.exists():
        path = path_of(folder, case.name, turn, "plan")
        plan_of(profiled(folder, case.setting, turn), case).write(path, force=True)
        models = converted(folder, case.setting.latent)
        devsim("validate", path, "--models", models, "--enforce", "--runs", 1, "-o", report)
    if not report.exists():
        sys.exit(f"{case.name}: could not be validated")
    return json.loads(report.read_text())


def verdict_on_ten_percent_over(folder: Path, case: Case, report: dict) -> str:
    """What is said of a finished case's plan under a hard limit that it exceeds by a tenth."""
    said = folder / "results" / "over.txt"
    if not said.exists():
        limit = max(report["measured"]["peak_bytes"]) * 10 // 11
        command = [
            sys.executable,
            "-m",
            "devsim",
            "validate",
            path_of(folder, case.name, 0, "plan"),
        ]
        command += ["--models", converted(folder, case.setting.latent), "--runs", "1"]
        command += ["--enforce", "--hard-limit", limit]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        said.write_text(f"exit status {done.returncode}: {done.stderr.strip()}")
    return said.read_text()


class Turns(NamedTuple):
    """What the turns of a case came to; errors are signed."""

    reports: list[dict]

    def measured(self, name: str) -> list[float]:
        return [report["measured"][name][0] for report in self.reports]

    def pooled_error(self, name: str) -> float:
        """Of the median prediction against the median run: a neighbour's bursts are outliers."""
        predicted = statistics.median(report["predicted"][name] for report in self.reports)
        return predicted / statistics.median(self.measured(name)) - 1

    @property
    def worst_peak_error(self) -> float:
        return max((report["peak_error"] for report in self.reports), key=abs)

    @property
    def held(self) -> bool:
        return all(r["outputs_equal"] and not r["budget_exceeded"] for r in self.reports)

    @property
    def most_in(self) -> str:
        """The cost that explains most of the error in most turns."""
        return statistics.mode(report["explanation"]["most"] for report in self.reports)

    def row(self) -> str:
        makespans = self.measured("makespan_s")
        middle = statistics.median(makespans)
        turns = sorted(report["makespan_error"] for report in self.reports)
        return (
            f"| {middle:.2f} s | {self.pooled_error('makespan_s'):+.1%} "
            f"| {turns[0]:+.1%} to {turns[-1]:+.1%} "
            f"| {(max(makespans) - min(makespans)) / middle:.1%} "
            f"| {format_bytes(max(self.measured('peak_bytes')))} "
            f"| {self.pooled_error('peak_bytes'):+.1%} "
            f"| {self.pooled_error('load_busy_s'):+.1%} "
            f"| {self.pooled_error('compute_busy_s'):+.1%} | {self.most_in} |"
        )

    def chunks(self) -> str:
        """Of each chunk the error of its cached loads, if it has any, and of its computes."""
        columns = zip(*(report["chunks"] for report in self.reports), strict=True)
        return " | ".join(
            "/".join(
                self._error([chunk[kind] for chunk in turns]) for kind in ("cached_load", "compute")
            )
            for turns in columns
        )

    @staticmethod
    def _error(distributions: list[dict | None]) -> str:
        errors = [each["error"] for each in distributions if each]
        return f"{statistics.median(errors):+.0%}" if errors else "-"


def table(cases: dict[Case, Turns]) -> str:
    """The figures of every plan, and what the aims are."""
    lines = [
        "| plan | makespan | error | each turn's | spread | peak | error | loads | computes "
        "| most in |",
        "| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | --- |",
        *(f"| `{case.name}` {turns.row()}" for case, turns in cases.items()),
    ]
    errors = [abs(turns.pooled_error("makespan_s")) for turns in cases.values()]
    peaks = [abs(turns.pooled_error("peak_bytes")) for turns in cases.values()]
    single = max((turns.worst_peak_error for turns in cases.values()), key=abs)
    held = all(turns.held for turns in cases.values())
    lines += [
        "",
        f"Makespan error: median {statistics.median(errors):.1%} (aim 4 %), worst "
        f"{max(errors):.1%} (aim 10 %). Peak footprint error: worst {max(peaks):.1%} (aim 5 %); "
        f"of a single turn {single:+.1%}.",
        f"Within the budget as a hard limit, and outputs bit for bit: {'yes' if held else 'NO'}.",
    ]
    return "\n".join(lines)


def chunk_table(cases: dict[Case, Turns]) -> str:
    """By plan and chunk, in order."""
    most = max(len(turns.reports[0]["chunks"]) for turns in cases.values())
    numbers = " | ".join(map(str, range(1, most + 1)))
    return "\n".join(
        [
            f"| plan | {numbers} |",
            "| --- |" + " ---: |" * most,
            *(f"| `{case.name}` | {turns.chunks()} |" for case, turns in cases.items()),
        ]
    )


def main(folder: Path, rounds: int, chosen: list[Case]) -> None:
    """Run what is not finished, then print and write the table."""
    (folder / "results").mkdir(parents=True, exist_ok=True)
    reports: dict[Case, list[dict]] = {case: [] for case in chosen}
    for turn in range(rounds):
        for case in chosen:
            reports[case].append(validated(folder, case, turn))
    cases = {case: Turns(turns) for case, turns in reports.items()}
    first = chosen[0]
    last_report = reports[first][-1]
    over = verdict_on_ten_percent_over(folder, first, last_report)
    facts = "\n".join(f"- {name}: {fact}" for name, fact in last_report["environment"].items())
    text = "\n\n".join(
        (
            "# Predictions and runs",
            f"{PAIRS} full-width STDiT pairs and both end packages. A plan's name: latent (small "
            "4x8x8, large 8x16x16), compute threads, page cache, chunk size, percent resident, "
            f"window. There were {rounds} rounds; in each, every setting was profiled anew and "
            "then each of its plans was run once. The error is of the median prediction and the "
            "median run; then the range of the single turns' errors, and of the runs themselves "
            "(the spread). Peaks, loads and computes likewise.",
            table(cases),
            "The median errors of each chunk, of its cached loads and of its computes:",
            chunk_table(cases),
            f"The first plan, 10 % over its hard limit: {over}",
            f"Environment of the first plan's last run:\n\n{facts}\n",
        )
    )
    (folder / "results" / "validation.md").write_text(text)
    print(text)


def arguments() -> argparse.Namespace:
    names = {case.name: case for case in CASES}
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="for packages and results")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--case", choices=names, action="append", help="only these plans")
    asked = parser.parse_args()
    asked.cases = [names[name] for name in asked.case or names]
    return asked


if __name__ == "__main__":
    asked = arguments()
    main(asked.folder, asked.rounds, asked.cases)
