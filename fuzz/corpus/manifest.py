"""Manifests: what a folder of packages holds (``manifest.json``)."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from fuzz.arena import root_of
from fuzz.corpus.documents import document_variants
from fuzz.corpus.text import JSON, ROOT, TEXTS
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
    for what, text in TEXTS.items():
        for where in _RENAMED:
            yield Variant(f"manifest/renamed.{where}={what}", _renamed(where, text), _COMMANDS)
    yield Variant("manifest/package=link-out", _link_package_out, every)
    yield Variant("manifest/stage=link-out", _link_stage_out, every)
    yield Variant("manifest/package=file", _package_is_a_file, every)


_RENAMED = ("block", "stage", "variant")


def _renamed(where: str, text: str) -> Callable[[Path], None]:
    """Another name of a block, its stage or a variant, in the manifest and in the plan alike."""

    def build(work: Path) -> None:
        name = text.replace(ROOT, str(root_of(work)))
        manifest = json.loads((work / "models" / "manifest.json").read_text())
        plan = json.loads((work / "plan.json").read_text())
        (stage,), (phase,) = manifest["stages"], plan["pipeline"]["stages"]
        if where == "stage":
            stage["name"] = phase["name"] = name
        elif where == "variant":
            stage["precision"] = phase["variant"] = name
        else:
            old = stage["blocks"][0]["name"]
            for blocks in (stage["blocks"], *stage["alternatives"].values()):
                for block in blocks:
                    block["name"] = name if block["name"] == old else block["name"]
            phase["chunks"][0]["blocks"][0] = name
        (work / "models" / "manifest.json").write_text(json.dumps(manifest))
        (work / "plan.json").write_text(json.dumps(plan))

    return build


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
