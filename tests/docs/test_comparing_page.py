"""docs/comparing.md: the transcript is what devsim prints, and the keys are those of ``--json``."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from devsim.analysis.comparison.change import Verdict

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "comparing.md").read_text()
((COMMAND, PRINTED),) = re.findall(r"```console\n\$ devsim (.*?)\n(.*?)```", PAGE, re.DOTALL)


def run(*more):
    return subprocess.run(
        [sys.executable, "-m", "devsim", *COMMAND.split(), *more],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1"},
    )


def test_the_transcript_is_what_is_printed():
    result = run()
    assert result.returncode == 0, result.stderr
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert lines == PRINTED.rstrip("\n").split("\n")


def test_every_key_and_verdict_is_explained():
    told = json.loads(run("--json").stdout)
    table = PAGE.partition("| key |")[2]
    explained = set(re.findall(r"`([^`]+)`", table))
    change = told["totals"][0]
    keys = {*told, *change, *change["before"], *next(iter(told["settings"].values()))}
    assert keys - explained == set()
    assert {verdict.value for verdict in Verdict} - explained == set()


def test_every_option_is_one_of_the_command():
    result = subprocess.run(
        [sys.executable, "-m", "devsim", "compare", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "200", "PATH": ""},
    )
    named = set(re.findall(r"--[a-z]+", PAGE.partition("```console")[0]))
    assert named == {"--threshold", "--json"}
    assert all(option in result.stdout for option in named)
