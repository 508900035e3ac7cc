"""The profiler: measures every package of a folder, and resumes where it was interrupted."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from pydantic import ValidationError

from devsim.core.files import Frozen
from devsim.core.profile import Profile
from devsim.execute.assemble import assemble
from devsim.execute.footprint import footprint_bytes
from devsim.execute.measure import Effort, Measurement, measure, measure_contention
from devsim.execute.models import Models
from devsim.execute.prepare import warm_up
from devsim.execute.tensors import random_inputs
from devsim.runtime.protocol import Runtime


class Finished(Frozen):
    """A line of the file of finished measurements."""

    digest: str
    setting: str
    measurement: Measurement


def profile_models(
    models: Models,
    runtime: Runtime,
    effort: Effort,
    environment: dict[str, str],
    finished: Path,
    on_block: Callable[[int, int, str], None],
) -> Profile:
    """Measure every package on its own, then the contention of the largest.

    Args:
        models: the packages.
        runtime: what runs them.
        effort: how often each is measured.
        environment: facts of the machine and the runtime, kept in the profile.
        finished: lines of finished measurements; appended to, and reused where the package, the
            environment and the effort are the same.
        on_block: called before every block with how many are done, how many there are, its name.
    """
    setting = f"{sorted(environment.items())} {effort.model_dump_json()}"
    known = _read_finished(finished, setting)
    blocks = [block for stage in models.manifest.stages for block in stage.blocks]
    measured: dict[str, Measurement] = {}
    warm_up(models, runtime)
    for number, block in enumerate(blocks):
        on_block(number, len(blocks) + 1, block.name)
        if block.digest not in known:
            known[block.digest] = measure(runtime, models.path(block), random_inputs(block), effort)
            line = Finished(digest=block.digest, setting=setting, measurement=known[block.digest])
            with finished.open("a") as file:
                file.write(line.model_dump_json() + "\n")
        measured[block.digest] = known[block.digest]
    on_block(len(blocks), len(blocks) + 1, "contention")
    largest = max(blocks, key=lambda block: block.weight_bytes)
    contended = measure_contention(runtime, models.path(largest), random_inputs(largest), effort)
    baseline_bytes = footprint_bytes(os.getpid())
    return assemble(models.manifest, measured, contended, baseline_bytes, environment, effort)


def _read_finished(path: Path, setting: str) -> dict[str, Measurement]:
    """Measurements of an interrupted profile by package digest; a half-written line is skipped."""
    return {line.digest: line.measurement for line in _lines(path) if line.setting == setting}


def _lines(path: Path) -> Iterator[Finished]:
    if not path.exists():
        return
    for line in path.read_text().splitlines():
        with contextlib.suppress(ValidationError):
            yield Finished.model_validate_json(line)
