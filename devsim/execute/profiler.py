"""The profiler: measures every package of a folder, and resumes where it was interrupted."""

import contextlib
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from pydantic import ValidationError

from devsim.core.files import Frozen
from devsim.core.manifest import Block
from devsim.core.profile import Profile
from devsim.execute.assemble import assemble
from devsim.execute.contention import Subjects, measure_contention
from devsim.execute.feed import subjects
from devsim.execute.inputs import digest_of, stage_inputs
from devsim.execute.joining import measure_joining
from devsim.execute.kinds import Kind, kind_of, of_their_kinds
from devsim.execute.lanes import Lanes, Surroundings
from devsim.execute.measure import Bench, Effort, Measurement, measure
from devsim.execute.models import Models
from devsim.execute.prepare import touch_memory, warm_up
from devsim.runtime.protocol import Runtime

_MOST_KINDS = 4
_ENOUGH = 0.95


class Finished(Frozen):
    """A line of the file of finished measurements."""

    digest: str
    setting: str
    measurement: Measurement


def profile_models(
    models: Models,
    runtime: Runtime,
    effort: Effort,
    around: Surroundings,
    finished: Path,
    on_block: Callable[[int, int, str], None],
    joined: Models | None = None,
    given: Path | None = None,
) -> Profile:
    """Measure every package on its own, then the contention of those that weigh most.

    Each computes on what it is given in a run: a stage's inputs, then what the blocks before have
    computed of them.

    Args:
        models: the packages.
        runtime: what runs them.
        effort: how often each is measured.
        around: cores and page cache, and the facts of the machine, kept in the profile.
        finished: lines of finished measurements; appended to, and reused where the package, the
            environment and the effort are the same.
        on_block: called before every block with how many are done, how many there are, its name.
        joined: packages of several of the blocks each, measured to know what joining saves.
        given: inputs of stages, as ``stage_inputs`` takes them.
    """
    inputs = stage_inputs(models, given)
    setting = f"{sorted(around.environment.items())} {effort.model_dump_json()}"
    if given:
        setting += f" {digest_of(inputs)}"
    known = _read_finished(finished, setting)
    blocks = [block for stage in models.manifest.stages for block in stage.packages()]
    with Lanes(around.cores) as lanes:
        warm_up(models, inputs, runtime, lanes)
        touch_memory(2 * max(block.weight_bytes for block in blocks))
        bench = Bench(runtime, lanes, around.page_cache)
        if any(block.digest not in known for block in blocks):
            for number, (block, subject) in enumerate(subjects(bench, models, inputs)):
                on_block(number, len(blocks) + 1, block.name)
                if block.digest not in known:
                    known[block.digest] = measure(bench, subject, effort)
                    line = Finished(
                        digest=block.digest, setting=setting, measurement=known[block.digest]
                    )
                    with finished.open("a") as file:
                        file.write(line.model_dump_json() + "\n")
        on_block(len(blocks), len(blocks) + 1, "contention")
        weights = _heaviest_kinds(blocks)
        heaviest = (
            Subjects(subject, weights.pop(block.digest))
            for block, subject in subjects(bench, models, inputs)
            if block.digest in weights
        )
        contended = measure_contention(bench, islice(heaviest, len(weights)), effort.samples)
        joining = measure_joining(bench, joined, models, known, effort, inputs) if joined else None
    baseline_bytes = max(known[block.digest].baseline_bytes for block in blocks)
    measured = of_their_kinds(blocks, known)
    return assemble(
        models.manifest, measured, contended, baseline_bytes, around.environment, effort, joining
    )


def _heaviest_kinds(blocks: list[Block]) -> dict[str, int]:
    """A block of each of the few kinds whose weights are nearly all there are, and those."""
    weights: dict[Kind, int] = {}
    first: dict[Kind, Block] = {}
    for block in blocks:
        kind = kind_of(block)
        weights[kind] = weights.get(kind, 0) + block.weight_bytes
        first.setdefault(kind, block)
    chosen: dict[str, int] = {}
    for kind in sorted(weights, key=lambda kind: -weights[kind])[:_MOST_KINDS]:
        if not chosen or sum(chosen.values()) < _ENOUGH * sum(weights.values()):
            chosen[first[kind].digest] = max(1, weights[kind])
    return chosen


def _read_finished(path: Path, setting: str) -> dict[str, Measurement]:
    """Measurements of an interrupted profile by package digest; a half-written line is skipped."""
    return {line.digest: line.measurement for line in _lines(path) if line.setting == setting}


def _lines(path: Path) -> Iterator[Finished]:
    if not path.exists():
        return
    for line in path.read_text().splitlines():
        with contextlib.suppress(ValidationError):
            yield Finished.model_validate_json(line)
