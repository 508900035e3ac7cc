"""Profiles: what blocks cost on a device (``.json``)."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from fuzz.corpus.documents import document_variants
from fuzz.corpus.text import JSON
from fuzz.corpus.variant import Command, Kind, Variant

_READ = ("--profile", "hostile.json", "--budget", "1GB", "--iterations", "stdit=2")
_COMMANDS = (
    Command(("plan", *_READ, "-o", "out.json"), "out.json"),
    Command(("plan", *_READ, "--json")),
    Command(("plan", *_READ, "--explain", "-o", "out.html"), "out.html"),
    Command(("simulate", *_READ, "-o", "out.json"), "out.json"),
    Command(("compare", "hostile.json", "profile.json")),
    Command(("calibrate", "--profile", "hostile.json", "--totals", "totals.toml")),
)
_THOROUGH = (
    Command(("plan", *_READ, "--sensitivity")),
    Command(("plan", *_READ, "--frontier")),
    Command(("calibrate", "--profile", "hostile.json", "--trace", "trace.json")),
)


def _lay(seeds: Path, work: Path) -> None:
    shutil.copy(seeds / "profile.json", work / "hostile.json")
    for name in ("profile.json", "totals.toml", "trace.json"):
        shutil.copy(seeds / name, work)


def _variants(seeds: Path) -> Iterator[Variant]:
    document = json.loads((seeds / "profile.json").read_text())
    maps = frozenset({"variants", "sources", "environment", "units"})
    yield from document_variants(
        "profile", "hostile.json", document, JSON, _COMMANDS, thorough=_THOROUGH, maps=maps
    )


KIND = Kind("profile", _lay, (*_COMMANDS, *_THOROUGH), _variants)
