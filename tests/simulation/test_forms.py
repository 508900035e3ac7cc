"""The engines' two forms, compiled and Python sources: same results, and never an outdated one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from devsim.compiled import ROOT, changed, form

HERE = Path(__file__).parent
COMPILED = pytest.mark.skipif(form() != "engines: compiled", reason=form())
ASK = "from devsim.compiled import form; from devsim.simulation import quick as q; print(form()); "


def test_what_is_compiled_are_these_sources():
    assert changed() == [], "make .venv/.all compiles them"


def test_engines_agree_as_python_sources():
    env = {**os.environ, "DEVSIM_PURE": "1", "DEVSIM_EXAMPLES": "60"}
    run = [sys.executable, "-c", f"{ASK} import pytest, sys; sys.exit(pytest.main(sys.argv[1:]))"]
    cases = ["test_two_engines.py", "test_every_run.py", "test_documented_cases.py"]
    files = [str(HERE / case) for case in cases]
    done = subprocess.run(
        [*run, "-p", "no:cacheprovider", *files], env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("engines: Python sources, because DEVSIM_PURE is set")


@pytest.fixture
def checkout(tmp_path):
    """A copy of what the engines need, with what was compiled."""
    for part in ("core", "policy", "simulation"):
        shutil.copytree(ROOT / part, tmp_path / "devsim" / part)
    for file in ROOT.glob("*.*"):
        shutil.copy2(file, tmp_path / "devsim")
    return tmp_path


def asked(checkout: Path) -> list[str]:
    """What form the engines of a checkout say they have, and where one of them came from."""
    command = [sys.executable, "-c", f"{ASK} print(q.__file__)"]
    env = {**os.environ, "PYTHONPATH": str(checkout)}
    return subprocess.run(
        command, env=env, cwd=checkout, capture_output=True, text=True, check=True
    ).stdout.splitlines()


@COMPILED
def test_compiled_engines_are_used(checkout):
    says, file = asked(checkout)
    assert says == "engines: compiled"
    assert Path(file).is_relative_to(checkout)
    assert file.endswith(".so")


@COMPILED
@pytest.mark.parametrize("edited", ["simulation/quick.py", "policy/protocol.py"])
def test_an_edited_source_is_never_shadowed(checkout, edited):
    with (checkout / "devsim" / edited).open("a") as source:
        source.write("# edited\n")
    says, file = asked(checkout)
    assert says == f"engines: Python sources, slower: changed since compiled: {edited}"
    assert file == str(checkout / "devsim" / "simulation" / "quick.py")
