"""Devices: limits and rates of hardware (``.toml``)."""

import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

from fuzz.corpus.documents import document_variants
from fuzz.corpus.text import TOML
from fuzz.corpus.variant import Command, Kind, Variant

_READ = ("--device", "hostile.toml", "--profile", "shipped.json")
_COMMANDS = (
    Command(("simulate", *_READ)),
    Command(("simulate", *_READ, "--json", "-o", "out.json"), "out.json"),
)
_THOROUGH = (Command(("plan", *_READ, "--iterations", "stdit=2", "-o", "out.json"), "out.json"),)


def _lay(seeds: Path, work: Path) -> None:
    shutil.copy(seeds / "device.toml", work / "hostile.toml")
    shutil.copy(seeds / "shipped.json", work)


def _variants(seeds: Path) -> Iterator[Variant]:
    document = tomllib.loads((seeds / "device.toml").read_text())
    for figure in document.values():
        if isinstance(figure, dict):
            figure.setdefault("low", figure["value"])
            figure.setdefault("high", figure["value"])
    document["loader_threads"] = 1
    yield from document_variants(
        "device", "hostile.toml", document, TOML, _COMMANDS, thorough=_THOROUGH
    )


KIND = Kind("device", _lay, (*_COMMANDS, *_THOROUGH), _variants)
