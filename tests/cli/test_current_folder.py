"""Nothing in the current folder runs, whatever it is called, in any verb that starts a process."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import devsim as package
from devsim.core.child_python import python_command, python_environment

MODULES = (
    "psutil",
    "json",
    "numpy",
    "torch",
    "coremltools",
    "pydantic",
    "rich",
    "devsim",
    "typing",
)
PLANTED = "import pathlib; pathlib.Path(__file__).with_suffix('.ran').touch(); raise SystemExit(9)"
TINY = ("open-sora-v1.2", "--size", "tiny", "--latent", "2x4x4", "--stage", "stdit", "--depth", "1")


@pytest.fixture
def planted(tmp_path):
    """A folder with modules of other names' that leave a mark when they are imported."""
    for name in MODULES:
        (tmp_path / f"{name}.py").write_text(PLANTED)
    return tmp_path


@pytest.fixture
def run(planted):
    """Runs the installed command in that folder; nothing of it may run."""

    def run(*args):
        command = [Path(sys.executable).with_name("devsim"), *map(str, args)]
        done = subprocess.run(command, cwd=planted, capture_output=True, text=True)
        assert [path.name for path in planted.glob("*.ran")] == []
        assert done.returncode == 0, done.stderr

    return run


def test_the_verbs_that_run_packages(run, tiny_models):
    run("run", tiny_models / "stdit" / "part1.mlpackage")
    run("profile", tiny_models, "-o", "profile.json", "--samples", "1", "--cold-samples", "1")
    run("plan", "--profile", "profile.json", "--budget", "1GB", "-o", "plan.json")
    run("validate", "plan.json", "--models", tiny_models, "--runs", "1")


def test_converters(run):
    run("convert", *TINY, "-j", "1", "-o", "models")


def test_a_process_leaves_the_current_folder_out_however_it_came_in(planted, monkeypatch):
    monkeypatch.chdir(planted)
    monkeypatch.setattr(sys, "path", ["", ".", str(planted), *sys.path])
    code = "import sys; print(sys.path); import psutil, numpy, devsim; print(devsim.__file__)"
    done = subprocess.run(
        [*python_command("devsim")[:2], "-c", code],
        env=python_environment(os.environ),
        capture_output=True,
        text=True,
    )
    assert list(planted.glob("*.ran")) == []
    assert done.returncode == 0, done.stderr
    assert str(planted) not in done.stdout
    assert done.stdout.strip().endswith(str(Path(package.__file__)))


def test_the_module_form_of_the_command_leaves_it_out_too(planted):
    """What is imported before devsim's own first line is Python's choice, and only built in."""
    for name in ("json", "typing", "devsim"):
        (planted / f"{name}.py").unlink()
    done = subprocess.run(
        [sys.executable, "-m", "devsim", "devices"], cwd=planted, capture_output=True, text=True
    )
    assert list(planted.glob("*.ran")) == []
    assert done.returncode == 0, done.stderr


def test_every_python_that_devsim_starts_is_started_by_the_one_function():
    """``sys.executable`` stands in one file; every other process is a program of the system."""
    root = Path(package.__file__).parent
    users = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "executable"
    }
    assert users == {"core/child_python.py"}
