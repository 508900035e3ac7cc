"""Prediction against real runs: eight full-width STDiT pairs, four iterations, half the memory.

    python benchmarks/eight_pairs.py [FOLDER]

Converts into FOLDER (1.5 GB, kept for the next time), profiles, plans for a budget that holds half
of the pairs, runs the plan three times and prints the errors beside the runs' own spread.
"""

import subprocess
import sys
from pathlib import Path

from devsim.core.profile import Profile

PAIRS = 8
ITERATIONS = 4


def devsim(*args: object) -> None:
    """Run a verb; end with its status when it fails."""
    print(f"$ devsim {' '.join(map(str, args))}", flush=True)
    status = subprocess.run([sys.executable, "-m", "devsim", *map(str, args)]).returncode
    if status:
        sys.exit(status)


def half_budget_bytes(profile: Profile) -> int:
    """What the process holds anyway, half of the pairs, and what one load and compute add."""
    blocks = [next(iter(block.variants.values())) for block in profile.stages[0].blocks]
    pair = max(block.resident_bytes.bytes for block in blocks)
    passing = max(b.transient_bytes.bytes for b in blocks) + max(
        b.activation_bytes.bytes for b in blocks
    )
    stage = profile.stages[0]
    passing += max((tensor.bytes for tensor in stage.tensors), default=0)
    base = profile.baseline_bytes.bytes + stage.boundary_bytes.bytes
    return base + PAIRS // 2 * pair + passing


def main(folder: Path) -> None:
    """Convert once, then profile, plan and validate."""
    folder.mkdir(parents=True, exist_ok=True)
    models, profile, plan = folder / "models", folder / "profile.json", folder / "plan.json"
    if not (models / "manifest.json").exists():
        size = ("--stage", "stdit", "--depth", PAIRS, "--latent", "4x8x8")
        devsim("convert", "open-sora-v1.2", *size, "-o", models)
    devsim("profile", models, "-o", profile, "--force")
    budget = half_budget_bytes(Profile.read(profile))
    iterations = ("--iterations", f"stdit={ITERATIONS}")
    devsim("plan", "--profile", profile, "--budget", budget, *iterations, "-o", plan, "--force")
    devsim("validate", plan, "--models", models, "-o", folder / "trace.json.gz", "--force")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "models/eight-pairs"))
