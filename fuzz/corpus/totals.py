"""Totals: what was observed of whole runs (``.toml``)."""

import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

from fuzz.corpus.documents import document_variants
from fuzz.corpus.text import TOML
from fuzz.corpus.variant import Command, Kind, Variant

_COMMANDS = (
    Command(("calibrate", "--profile", "profile.json", "--totals", "hostile.toml")),
    Command(
        (
            "calibrate", "--profile", "profile.json", "--totals", "hostile.toml",
            "--json", "-o", "out.json",
        ),
        "out.json",
    ),
)  # fmt: skip


def _lay(seeds: Path, work: Path) -> None:
    shutil.copy(seeds / "totals.toml", work / "hostile.toml")
    shutil.copy(seeds / "profile.json", work)


def _variants(seeds: Path) -> Iterator[Variant]:
    document = tomllib.loads((seeds / "totals.toml").read_text())
    maps = frozenset({"resolutions", "parameters"})
    yield from document_variants("totals", "hostile.toml", document, TOML, _COMMANDS, maps=maps)


KIND = Kind("totals", _lay, _COMMANDS, _variants)
