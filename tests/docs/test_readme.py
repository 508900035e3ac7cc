"""The README's commands run, in its order, and its transcript is what devsim prints."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PLANNED, PATH = re.findall(r"```console\n(.*?)```", README, re.DOTALL)


def run(line, folder):
    words = line.removeprefix("$ devsim ").split()
    env = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "devsim", *words]
    result = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=env)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_plan_is_what_the_transcript_shows(tmp_path):
    command, _, printed = PLANNED.partition("\n")
    lines = [line.rstrip() for line in run(command, tmp_path).splitlines()]
    assert lines == printed.rstrip("\n").split("\n")


def test_the_whole_path_runs(tmp_path):
    commands = PATH.strip().splitlines()
    assert len(commands) == 6
    for command in commands:
        run(command, tmp_path)
    assert (tmp_path / "measured.json").exists()


def test_every_verb_is_in_the_table():
    listed = set(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE))
    result = subprocess.run(
        [sys.executable, "-m", "devsim", "--help"], capture_output=True, text=True, check=True
    )
    verbs = set(re.findall(r"^  (\w+)  +\w", result.stdout.partition("Commands:")[2], re.MULTILINE))
    assert listed == verbs


def test_pictures_and_pages_it_points_to_exist():
    targets = re.findall(r"\]\((?!http)([^)]+)\)", README)
    assert targets
    assert all((ROOT / target).exists() for target in targets)
