"""Records: packages that a conversion finished before it stopped (``.converting/records``)."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fuzz.arena import root_of
from fuzz.corpus.documents import document_variants, written
from fuzz.corpus.text import JSON
from fuzz.corpus.variant import Command, Kind, Variant
from fuzz.seeds import CONVERT

_COMMANDS = (Command((*CONVERT, "-o", "models"), "models", resumes=True),)
_RECORDS = "models/.converting/records"
_EXTRA = f"{_RECORDS}/hostile.json"


def _lay(seeds: Path, work: Path) -> None:
    """Every package has its record, so that none is converted; the hostile one is one more."""
    shutil.copytree(seeds / "models", work / "models")
    (work / "models" / "manifest.json").unlink()
    shutil.copytree(seeds / "records", work / _RECORDS)
    written(_EXTRA, _record(seeds), JSON)(work)


def _record(seeds: Path) -> Any:
    record = json.loads((seeds / "records" / "stdit.part2.mlpackage.json").read_text())
    record["block"] |= {"package": "stdit/other.mlpackage", "recipe": "0"}
    return record


def _variants(seeds: Path) -> Iterator[Variant]:
    document = _record(seeds)
    yield from document_variants("records", _EXTRA, document, JSON, _COMMANDS)
    for name, package in _PACKAGES.items():
        record = {**document, "block": {**document["block"], "package": package}}
        yield Variant(f"records/package={name}", written(_EXTRA, record, JSON), _COMMANDS)
    for name, build in _FOLDERS.items():
        yield Variant(f"records/folder={name}", build, _COMMANDS)
    victim = {**document, "block": {**document["block"], "package": "stdit/private"}}
    yield Variant("records/stage=link-out", _stage_links_out(victim), _COMMANDS)


_PACKAGES = {
    "stage": "stdit",
    "itself": "stdit/.",
    "dotted": "stdit/./../../private",
    "through": "stdit/../../../private",
    "sibling": "stdit/../../private",
    "other-stage": "t5/private",
    "top": ".",
}


def _stage_links_out(record: Any) -> Callable[[Path], None]:
    """What is named inside the folder lies outside of it."""

    def build(work: Path) -> None:
        written(_EXTRA, record, JSON)(work)
        shutil.rmtree(work / "models" / "stdit")
        (work / "models" / "stdit").symlink_to(work)

    return build


def _folder_links_out(relative: str) -> Callable[[Path], None]:
    def build(work: Path) -> None:
        folder = work / "models" / relative
        if folder.exists():
            shutil.rmtree(folder)
        folder.symlink_to(root_of(work) / "private")

    return build


def _killed(work: Path) -> None:
    """What kill -9 leaves in the middle of a package."""
    half = work / "models" / ".converting" / "partial" / "stdit" / "part1.mlpackage"
    half.mkdir(parents=True)
    (half / "Manifest.json").write_text("{}")


def _records_are_a_file(work: Path) -> None:
    shutil.rmtree(work / _RECORDS)
    (work / _RECORDS).write_bytes(b"")


_FOLDERS = {
    "work-links-out": _folder_links_out(".converting"),
    "records-link-out": _folder_links_out(".converting/records"),
    "partial-links-out": _folder_links_out(".converting/partial"),
    "package-links-out": _folder_links_out("stdit/part1.mlpackage"),
    "killed": _killed,
    "records-are-a-file": _records_are_a_file,
}

KIND = Kind("records", _lay, _COMMANDS, _variants, needs_torch=True)
