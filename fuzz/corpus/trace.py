"""Traces: what a schedule did and when (``.json`` and ``.json.gz``)."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fuzz.corpus.documents import document_variants
from fuzz.corpus.places import places
from fuzz.corpus.text import JSON
from fuzz.corpus.variant import Command, Kind, Variant


def _commands(name: str) -> tuple[Command, ...]:
    calibrate = ("calibrate", "--profile", "profile.json", "--trace", name, "-o", "out.json")
    return (
        Command(("replay", name)),
        Command(("replay", name, "--json")),
        Command(("compare", name, "trace.json")),
        Command(calibrate, "out.json"),
    )


_PLAIN, _PACKED = _commands("hostile.json"), _commands("hostile.json.gz")


def _lay(seeds: Path, work: Path) -> None:
    for ending in ("json", "json.gz"):
        shutil.copy(seeds / f"trace.{ending}", work / f"hostile.{ending}")
    for name in ("trace.json", "profile.json"):
        shutil.copy(seeds / name, work)


def _variants(seeds: Path) -> Iterator[Variant]:
    document = json.loads((seeds / "trace.json").read_text())
    document["traceEvents"] = _one_of_each(document["traceEvents"])
    maps = frozenset({"environment"})
    yield from document_variants("trace", "hostile.json", document, JSON, _PLAIN, maps=maps)
    yield from places("trace/packed", "hostile.json.gz", _PACKED)


def _one_of_each(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A load, a compute, an unload and a sample; the walk takes the first of each form."""
    found: dict[object, dict[str, Any]] = {}
    for event in events:
        found.setdefault((event["ph"], event.get("cat")), event)
    kept = [each for each in found.values() if each["ph"] in "XbC"]
    return kept + [each for each in events if each not in kept]


KIND = Kind("trace", _lay, (*_PLAIN, *_PACKED), _variants)
