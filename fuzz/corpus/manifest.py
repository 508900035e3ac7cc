"""Manifests: what a folder of packages holds (``manifest.json``)."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from fuzz.arena import root_of
from fuzz.corpus.documents import document_variants
from fuzz.corpus.text import JSON
from fuzz.corpus.variant import Command, Kind, Variant
from fuzz.seeds import CONVERT

_JOIN = Command(("convert", "--plan", "plan.json", "--models", "models", "-o", "out"), "out")
_CONVERT = Command((*CONVERT, "-o", "models"), "models", resumes=True)
_MEASURED = ("--samples", "1", "--cold-samples", "1", "--warmup", "0")
_COMMANDS = (_JOIN, _CONVERT)
_THOROUGH = (
    Command(("profile", "models", "-o", "out.json", *_MEASURED), "out.json", resumes=True),
    Command(("validate", "plan.json", "--models", "models", "--runs", "1")),
    Command(("split", "part2.mlpackage", "--blocks", "2", "-o", "models", "--force"), "models"),
    Command((*CONVERT, "-o", "models", "--force"), "models", resumes=True),
)


def _lay(seeds: Path, work: Path) -> None:
    shutil.copytree(seeds / "models", work / "models")
    shutil.copytree(seeds / "models" / "stdit" / "part2.mlpackage", work / "part2.mlpackage")
    shutil.copy(seeds / "plan.json", work)


def _variants(seeds: Path) -> Iterator[Variant]:
    name = "models/manifest.json"
    document = json.loads((seeds / name).read_text())
    maps = frozenset({"alternatives"})
    yield from document_variants(
        "manifest", name, document, JSON, _COMMANDS, thorough=_THOROUGH, maps=maps
    )
    every = (*_COMMANDS, *_THOROUGH)
    yield Variant("manifest/package=link-out", _link_package_out, every)
    yield Variant("manifest/stage=link-out", _link_stage_out, every)
    yield Variant("manifest/package=file", _package_is_a_file, every)


def _link_package_out(work: Path) -> None:
    package = work / "models" / "stdit" / "part2.mlpackage"
    shutil.rmtree(package)
    package.symlink_to(root_of(work) / "private")


def _link_stage_out(work: Path) -> None:
    outside = root_of(work) / "private" / "stdit"
    (work / "models" / "stdit").rename(outside)
    (work / "models" / "stdit").symlink_to(outside)


def _package_is_a_file(work: Path) -> None:
    package = work / "models" / "stdit" / "part2.mlpackage"
    shutil.rmtree(package)
    package.write_bytes(b"")


KIND = Kind("manifest", _lay, (*_COMMANDS, *_THOROUGH), _variants, needs_torch=True)
