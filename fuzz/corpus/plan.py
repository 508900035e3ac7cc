"""Plans: a schedule and the evidence for it (``.json``)."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from fuzz.corpus.documents import document_variants
from fuzz.corpus.text import JSON
from fuzz.corpus.variant import Command, Kind, Variant

_COMMANDS = (
    Command(("simulate", "hostile.json", "-o", "out.json"), "out.json"),
    Command(("simulate", "hostile.json", "--json")),
    Command(("compare", "hostile.json", "plan.json")),
    Command(("convert", "--plan", "hostile.json", "--models", "models", "-o", "out"), "out"),
)
_THOROUGH = (
    Command(("simulate", "hostile.json", "--profile", "profile.json", "--sampling", "draw")),
    Command(
        ("validate", "hostile.json", "--models", "models", "--runs", "1", "-o", "out.html"),
        "out.html",
    ),
)


def _lay(seeds: Path, work: Path) -> None:
    shutil.copy(seeds / "joined.json", work / "hostile.json")
    for name in ("plan.json", "profile.json"):
        shutil.copy(seeds / name, work)
    shutil.copytree(seeds / "models", work / "models")


def _variants(seeds: Path) -> Iterator[Variant]:
    document = json.loads((seeds / "joined.json").read_text())
    maps = frozenset({"environment", "units", "stalls_ns"})
    yield from document_variants(
        "plan", "hostile.json", document, JSON, _COMMANDS, thorough=_THOROUGH, maps=maps
    )


KIND = Kind("plan", _lay, (*_COMMANDS, *_THOROUGH), _variants)
