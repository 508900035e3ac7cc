"""What a run of a hostile file may not do, and what it did of that."""

import errno
import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fuzz.arena import SECRET, Arena, Snapshot
from fuzz.corpus.variant import Command
from fuzz.process import Outcome
from fuzz.watch import Limits

MARKER = "CODE-RAN"
"""The name of the file that code makes which hostile files carry."""

KINDS = {
    "hang": "went on beyond the limit",
    "memory": "held more than the limit",
    "exit": "ended with another status than 0, 1 or 2",
    "traceback": "showed a traceback",
    "code": "ran code that a file carried",
    "write": "wrote outside its output",
    "delete": "deleted or changed what is outside its output",
    "leftover": "left something behind that it should have cleared",
    "control": "printed control characters",
    "encoding": "printed what is not UTF-8",
    "long": "printed a line of more than 2,000 characters",
    "leak": "gave away a private file",
    "disk": "wrote a file of gigabytes",
    "process": "left a process running",
}

LONGEST_LINE = 2000
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_TOO_LARGE = os.strerror(errno.EFBIG).encode()


class Fault(NamedTuple):
    """One thing that went wrong: its kind, a key of ``KINDS``, and what was seen."""

    kind: str
    detail: str


class Seen(NamedTuple):
    """An arena before and after a run."""

    before: Snapshot
    after: Snapshot


def faults(
    command: Command, arena: Arena, outcome: Outcome, seen: Seen, limits: Limits
) -> Iterator[Fault]:
    """Everything that a run did and may not."""
    yield from _of_its_end(outcome, limits)
    yield from _of_its_texts(command, outcome)
    yield from _of_its_files(command, arena, outcome, seen)


def _of_its_end(outcome: Outcome, limits: Limits) -> Iterator[Fault]:
    held = f"{outcome.peak_bytes >> 20} MiB of {limits.peak_bytes >> 20}"
    if outcome.ended_for == "hang":
        yield Fault("hang", f"ended after {outcome.seconds:.0f} s, {held}")
    elif outcome.ended_for == "memory" or outcome.peak_bytes > limits.peak_bytes:
        yield Fault("memory", f"{held}, after {outcome.seconds:.1f} s")
    elif outcome.status not in (0, 1, 2):
        yield Fault("exit", f"status {outcome.status}: {_last_line(outcome.stderr)}")
    if b"Traceback (most recent call last)" in outcome.stdout + outcome.stderr:
        yield Fault("traceback", _last_line(outcome.stderr))
    if _TOO_LARGE in outcome.stderr:
        yield Fault("disk", _last_line(outcome.stderr))
    for name in outcome.left:
        yield Fault("process", name)


def _of_its_texts(command: Command, outcome: Outcome) -> Iterator[Fault]:
    for name, data in (("stdout", outcome.stdout), ("stderr", outcome.stderr)):
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            yield Fault("encoding", f"{name}: {error}")
            text = data.decode(errors="replace")
        if hidden := next((c for c in text if _is_control(c)), ""):
            yield Fault("control", f"{name}: {hidden!r} in {_around(text, hidden)}")
        longest = max(map(len, re.split("\n", text)))
        if longest > LONGEST_LINE and not (name == "stdout" and "--json" in command.args):
            yield Fault("long", f"{name}: a line of {longest} characters")
        if SECRET in text:
            yield Fault("leak", f"{name}: {_around(text, SECRET)}")


def _of_its_files(command: Command, arena: Arena, outcome: Outcome, seen: Seen) -> Iterator[Fault]:
    new = sorted(seen.after.keys() - seen.before.keys())
    old = seen.before.keys() & seen.after.keys()
    changed = sorted(path for path in old if seen.before[path] != seen.after[path])
    gone = sorted(seen.before.keys() - seen.after.keys())
    output = arena.inside(command.output) if command.output else ""
    temporary = os.path.relpath(arena.temporary, arena.root)
    if ran := [path for path in new if Path(path).name == MARKER]:
        yield Fault("code", ran[0])
    written = [path for path in new if not _lies_in(path, output, temporary)]
    if outcome.ended_for:  # without the time to put it in its place, or to clear it
        folder, _, name = output.rpartition("/")
        written = [path for path in written if not path.startswith(f"{folder}/.{name}.")]
    if written := [path for path in written if Path(path).name != MARKER]:
        yield Fault("write", _several(written))
    if harmed := [path for path in (*gone, *changed) if not _lies_in(path, output)]:
        yield Fault("delete", _several(harmed))
    ended_well = outcome.status in (0, 1) or outcome.ended_for
    leftover = [path for path in new if _lies_in(path, temporary)]
    if not ended_well:
        inside = [path for path in new if output and _lies_in(path, output)]
        finished = command.resumes and any(_is_filled(seen.after, path) for path in inside)
        leftover += [] if finished else inside
    if leftover and not outcome.ended_for:
        yield Fault("leftover", _several(leftover))
    for path in new:
        if _lies_in(path, output) and _has_secret(arena.root / path):
            yield Fault("leak", path)


def _lies_in(path: str, *folders: str) -> bool:
    """A file that is still being written is beside its place, under its name and a point."""
    for folder in filter(None, folders):
        if path == folder or path.startswith((f"{folder}/", f"{folder}.part")):
            return True
    return False


def _is_filled(files: Snapshot, path: str) -> bool:
    return not files[path].kind.startswith("d") and files[path].size > 0


def _has_secret(path: Path) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_size > 1 << 20:
        return False
    return SECRET.encode() in path.read_bytes()


def _is_control(character: str) -> bool:
    if character in _BIDI:
        return True
    return character != "\n" and unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")


def _around(text: str, part: str) -> str:
    at = text.index(part)
    return ascii(text[max(0, at - 40) : at + 40])


def _last_line(text: bytes) -> str:
    lines = text.decode(errors="replace").strip().splitlines()
    return ascii(lines[-1][-300:])[1:-1] if lines else ""


def _several(paths: list[str]) -> str:
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return ", ".join(ascii(path[-120:])[1:-1] for path in paths[:3]) + more
