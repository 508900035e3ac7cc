"""Runs variants, several at once, each command in a fresh arena."""

import importlib
import pkgutil
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from fuzz.arena import Arena, disk_bytes
from fuzz.corpus.variant import Command, Kind, Variant
from fuzz.process import Main, Outcome, freeze, run
from fuzz.verdict import Fault, Seen, faults
from fuzz.watch import Limits

_ROOMY = Limits(seconds=120, peak_bytes=8 << 30)
_POLL_S = 0.004
_SMALL = ("core", "cli", "report", "planner", "policy", "simulate", "replay", "calibrate")


class Trial(NamedTuple):
    """One command on one variant."""

    variant: Variant
    command: Command


class Finding(NamedTuple):
    """What a trial did that it may not."""

    trial: Trial
    fault: Fault


class SeedError(Exception):
    """A command does not bear the valid file, so nothing can be said of hostile ones."""


@dataclass
class Campaign:
    """Trials and what came of them.

    Attributes:
        main: what a command line starts.
        seeds: the folder of valid files.
        scratch: the folder that arenas are made in.
        seconds: what a run may take beyond what it takes on the valid file.
        bytes: what it may hold beyond that, and beyond the files on the disk.
        findings: so far.
        done: trials that are over.
    """

    main: Main
    seeds: Path
    scratch: Path
    seconds: float = 10
    bytes: int = 500_000_000
    findings: list[Finding] = field(default_factory=list)
    done: int = 0
    _usual: dict[Command, Outcome] = field(default_factory=dict)
    _arenas: int = 0

    def run(
        self,
        kind: Kind,
        variants: Sequence[Variant],
        jobs: int,
        on_progress: Callable[[Trial], None] = lambda trial: None,
    ) -> None:
        """Run every command of variants of one kind.

        Raises:
            SeedError: a command does not bear the valid file.
        """
        self._measure(kind, variants)
        trials = [Trial(each, command) for each in variants for command in each.commands]
        self._run_all([self._try(kind, trial, on_progress) for trial in trials], jobs)

    def keep(self, kind: Kind, variant: Variant, folder: Path) -> list[tuple[Trial, Outcome]]:
        """Run one variant, each command in an arena of its own that stays."""
        self._measure(kind, [variant])
        outcomes = []
        for number, command in enumerate(variant.commands):
            arena = Arena(folder / str(number)).__enter__()
            trial = Trial(variant, command)
            outcomes.append((trial, _finish(self._run_in(arena, kind, trial))))
        return outcomes

    def _measure(self, kind: Kind, variants: Sequence[Variant]) -> None:
        """What the commands take on the valid file; they must bear it."""
        wanted = {command.usual for variant in variants for command in variant.commands}
        for command in wanted - self._usual.keys():
            with self._arena() as arena:
                kind.lay(self.seeds, arena.work)
                before = arena.snapshot()
                outcome = _finish(run(self.main, command.args, arena, _ROOMY))
                seen = Seen(before, arena.snapshot())
                wrong = [*faults(command, arena, outcome, seen, _ROOMY)]
                if wrong or outcome.status not in (0, 1):
                    said = outcome.stderr.decode(errors="replace")[-500:]
                    text = f"{kind.name}: {' '.join(command.args)}: {wrong} {said}"
                    raise SeedError(text)
            self._usual[command] = outcome

    def _try(
        self, kind: Kind, trial: Trial, on_progress: Callable[[Trial], None]
    ) -> Generator[None, None, None]:
        with self._arena() as arena:
            yield from self._run_in(arena, kind, trial)
        self.done += 1
        on_progress(trial)

    def _run_in(self, arena: Arena, kind: Kind, trial: Trial) -> Generator[None, None, Outcome]:
        kind.lay(self.seeds, arena.work)
        try:
            trial.variant.build(arena.work)
        except Exception as error:
            error.add_note(f"while {trial.variant.name} was made")
            raise
        usual = self._usual[trial.command.usual]
        files = disk_bytes(arena.work)
        limits = Limits(self.seconds + usual.seconds, self.bytes + usual.peak_bytes + files)
        before = arena.snapshot()
        outcome = yield from run(self.main, trial.command.args, arena, limits)
        seen = Seen(before, arena.snapshot())
        found = faults(trial.command, arena, outcome, seen, limits)
        self.findings += [Finding(trial, fault) for fault in found]
        return outcome

    def _arena(self) -> Arena:
        self._arenas += 1
        return Arena(self.scratch / str(self._arenas))

    @staticmethod
    def _run_all(waiting: list[Generator[None, None, None]], jobs: int) -> None:
        waiting.reverse()
        running: list[Generator[None, None, None]] = []
        try:
            while waiting or running:
                while waiting and len(running) < jobs:
                    running.append(waiting.pop())
                running = [each for each in running if _goes_on(each)]
                time.sleep(_POLL_S)
        finally:
            for each in running:
                each.close()


def import_for(kind: Kind) -> None:
    """Import what the kind's commands will, once for all forks."""
    import devsim

    for module in pkgutil.walk_packages(devsim.__path__, "devsim."):
        part = module.name.split(".")[1]
        if part in _SMALL or module.name.startswith("devsim.convert.mil"):
            importlib.import_module(module.name)
    if kind.needs_torch:
        importlib.import_module("devsim.convert.folder")
        importlib.import_module("devsim.execute.package_check")
        importlib.import_module("devsim.workloads.open_sora")
        importlib.import_module("coremltools")
    freeze()


def _goes_on(trial: Generator[None, None, None]) -> bool:
    try:
        next(trial)
    except StopIteration:
        return False
    return True


def _finish(running: Generator[None, None, Outcome]) -> Outcome:
    while True:
        try:
            next(running)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        time.sleep(_POLL_S)
