"""Runs devsim on hostile files: ``python -m fuzz [KIND ...]``.

Every command runs in a folder of its own, surrounded by files that it has no business to touch.
The exit status is 1 when anything is found. ``python -m fuzz --only NAME --keep FOLDER`` runs one
variant again and keeps what it leaves.
"""

import argparse
import os
import random
import shlex
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from devsim.cli.main import main as devsim_main
from fuzz import seeds
from fuzz.campaign import Campaign, Trial, import_for
from fuzz.corpus import KINDS
from fuzz.corpus.variant import Variant
from fuzz.report import line, table, typed

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_SHOWN_EVERY_S = 5.0


def main() -> int:
    """Run what was asked for."""
    asked = _arguments()
    os.environ |= {**dict.fromkeys(_ONE_THREAD, "1"), "PYTHONPATH": str(seeds.CHECKOUT)}
    with tempfile.TemporaryDirectory(prefix="dsfuzz-") as name:
        folder = Path(name).resolve()
        valid = asked.seeds or folder / "seeds"
        if not valid.exists():
            valid.mkdir()
            print("making the valid files", file=sys.stderr)
            seeds.make(valid)
        campaign = Campaign(devsim_main, valid.resolve(), folder)
        variants = _chosen(asked, valid)
        if asked.keep:
            return _keep(campaign, variants[0], asked.keep)
        return _run(campaign, variants, asked.jobs)


def _run(campaign: Campaign, variants: Sequence[Variant], jobs: int) -> int:
    total = sum(len(variant.commands) for variant in variants)
    started = time.monotonic()
    shown, told = 0.0, 0

    def on_progress(trial: Trial) -> None:
        nonlocal shown, told
        for finding in campaign.findings[told:]:
            print(line(finding), flush=True)
        told = len(campaign.findings)
        if time.monotonic() - shown > _SHOWN_EVERY_S or campaign.done == total:
            shown = time.monotonic()
            print(
                f"{campaign.done} of {total} runs, {len(campaign.findings)} findings, "
                f"{shown - started:.0f} s: {trial.variant.name}",
                file=sys.stderr,
            )

    stopped = False
    try:
        for kind in KINDS.values():
            if chosen := [each for each in variants if each.kind == kind.name]:
                import_for(kind)
                campaign.run(kind, chosen, jobs, on_progress)
    except KeyboardInterrupt:
        stopped = True
    print()
    for text in table(campaign.findings):
        print(text)
    print(f"{campaign.done} runs of {len(variants)} variants, {len(campaign.findings)} findings")
    if campaign.findings:
        name = shlex.quote(campaign.findings[0].trial.variant.name)
        print(f"run one of them again with: python -m fuzz --only {name} --keep FOLDER")
    return 130 if stopped else int(bool(campaign.findings))


def _keep(campaign: Campaign, variant: Variant, folder: Path) -> int:
    folder.mkdir(parents=True)
    import_for(KINDS[variant.kind])
    for trial, outcome in campaign.keep(KINDS[variant.kind], variant, folder.resolve()):
        number = variant.commands.index(trial.command)
        work = folder.resolve() / str(number) / "root" / "a" / "b" / "c" / "work"
        print(f"cd {work} && {typed(trial.command)}")
        ended = f", ended as {outcome.ended_for}" if outcome.ended_for else ""
        print(
            f"    exit {outcome.status}{ended}, {outcome.seconds:.1f} s, "
            f"{outcome.peak_bytes >> 20} MiB"
        )
        print(f"    {outcome.stderr[:400]!a}")
    for finding in campaign.findings:
        print(line(finding))
    return int(bool(campaign.findings))


def _chosen(asked: argparse.Namespace, valid: Path) -> list[Variant]:
    kinds = [KINDS[name] for name in asked.kinds or KINDS]
    by_kind = {kind.name: list(kind.variants(valid)) for kind in kinds}
    if asked.only:
        by_name = {each.name: each for some in by_kind.values() for each in some}
        if unknown := [name for name in asked.only if name not in by_name]:
            sys.exit(f"there is no variant {unknown[0]!r}; --list names them")
        return [by_name[name] for name in asked.only]
    if asked.list:
        for some in by_kind.values():
            print(*(each.name for each in some), sep="\n")
        sys.exit(0)
    if asked.sample is None:
        return [each for some in by_kind.values() for each in some]
    return _sample(by_kind, asked.sample, asked.seed)


def _sample(by_kind: dict[str, list[Variant]], count: int, seed: int) -> list[Variant]:
    """As many of each kind as its share, but at least two."""
    drawn = random.Random(seed)
    total = sum(map(len, by_kind.values()))
    chosen = []
    for some in by_kind.values():
        share = max(2, round(count * len(some) / total))
        chosen += drawn.sample(some, min(share, len(some)))
    return chosen


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}")
    parser.add_argument("--sample", type=int, metavar="N", help="only so many variants")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--jobs", type=int, default=2, help="runs at once")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="this variant; repeatable"
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="with --only: a new folder")
    parser.add_argument("--list", action="store_true", help="name the variants")
    parser.add_argument("--seeds", type=Path, help="a folder of valid files made before, or to be")
    asked = parser.parse_args()
    if unknown := [name for name in asked.kinds if name not in KINDS]:
        parser.error(f"there is no kind {unknown[0]!r}; the kinds are {', '.join(KINDS)}")
    if asked.keep and len(asked.only) != 1:
        parser.error("--keep is for --only, of one variant")
    return asked


if __name__ == "__main__":
    sys.exit(main())
