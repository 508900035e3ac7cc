"""The commands of docs/converting.md run, one after another in one folder."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from devsim.cli.main import app
from devsim.convert.precision import LOWEST_PSNR_DB, PRECISIONS

PAGE = (Path(__file__).parents[2] / "docs" / "converting.md").read_text()


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_run(in_folder):
    (console,) = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    for line in console.strip().splitlines():
        result = CliRunner().invoke(app, line.removeprefix("$ devsim ").split())
        assert result.exit_code == 0, result.output
    manifest = json.loads((in_folder / "models" / "manifest.json").read_text())
    assert [stage["name"] for stage in manifest["stages"]] == ["t5", "stdit"]
    assert [stage["precision"] for stage in manifest["stages"]] == ["int8", "fp32"]


def test_every_precision_is_listed_and_the_lowest_psnr_is_said():
    section = PAGE.partition("## Precisions\n")[2].partition("\n## ")[0]
    rows = "".join(line.split("|")[1] for line in section.splitlines() if line.startswith("| `"))
    assert re.findall(r"`(\w+)`", rows) == list(PRECISIONS)
    lowest = {name: f"{least:.0f} dB for {name}" for name, least in LOWEST_PSNR_DB.items()}
    assert all(text in PAGE for text in lowest.values())
