"""devsim as a wheel, used from an empty folder."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The wheel's content on the path, before the source checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    site = folder / "site"
    zipfile.ZipFile(wheel).extractall(site)
    return {**os.environ, "PYTHONPATH": str(site)}, site


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
