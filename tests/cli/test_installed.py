"""devsim as a wheel, used from an empty folder."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def wheel_built(folder: Path, **env: str) -> tuple[Path, str]:
    """A wheel, and what its build says."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    said = subprocess.run(
        [*build, str(ROOT)],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **env},
    ).stdout
    (wheel,) = folder.glob("*.whl")
    return wheel, said


def extension_modules(wheel: Path) -> list[str]:
    return [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".so")]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return wheel_built(tmp_path_factory.mktemp("wheel"))[0]


@pytest.fixture(scope="module")
def installed(wheel):
    """The wheel's content on the path, before the source checkout."""
    site = wheel.parent / "site"
    zipfile.ZipFile(wheel).extractall(site)
    return {**os.environ, "PYTHONPATH": str(site)}, site


def test_a_wheel_is_for_one_platform_if_its_engines_are_compiled(wheel):
    assert wheel.name.endswith("-none-any.whl") == (extension_modules(wheel) == [])
    assert "devsim/compiled.json" not in zipfile.ZipFile(wheel).namelist()


def test_without_a_c_compiler_a_wheel_is_python_and_says_so(tmp_path):
    wheel, said = wheel_built(tmp_path, CC="/bin/false")
    assert wheel.name.endswith("-py3-none-any.whl")
    assert extension_modules(wheel) == []
    assert "no working C compiler: devsim's engines stay Python, slower" in said.splitlines()


def test_plan_works_from_the_wheel_alone(installed, devsim, tmp_path):
    env, site = installed
    where = subprocess.run(
        [sys.executable, "-c", "import devsim; print(devsim.__file__)"],
        capture_output=True,
        text=True,
        env=env,
        cwd=tmp_path,
    )
    assert Path(where.stdout.strip()).is_relative_to(site)
    result = devsim("plan", "--device", "iphone15pro", "--json", cwd=tmp_path, env=env)
    assert result.returncode == 0, result.stderr
    plan = json.loads(result.stdout)
    assert plan["peak_bytes"] <= plan["budget_bytes"]
    assert list(tmp_path.iterdir()) == []


def test_plan_imports_neither_torch_nor_coremltools(devsim, tmp_path):
    result = devsim("plan", "--device", "iphone15pro", cwd=tmp_path, python=("-X", "importtime"))
    assert result.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "simpy" in imported
    assert not {"torch", "coremltools"} & imported
