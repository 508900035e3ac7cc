"""A disk that takes no more: one line, the right status, and what was there stays.

A limit on the size of files, which the kernel enforces, stands in for the full disk.
"""

import subprocess
import sys

LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
from devsim.cli.main import main
main()
"""


def limited(*args, cwd):
    command = [sys.executable, "-c", LIMITED, *args]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd)


def test_plan_that_cannot_be_written_leaves_the_old_one(tmp_path):
    old = tmp_path / "plan.json"
    old.write_text("old")
    plan = ("plan", "--device", "iphone15pro", "-o", "plan.json", "--force")
    result = limited(*plan, cwd=tmp_path)
    assert result.returncode == 2
    assert "plan.json: cannot be written" in result.stderr
    assert old.read_text() == "old"
    assert list(tmp_path.iterdir()) == [old]


def test_packages_that_cannot_be_written(tmp_path):
    tiny = ("--size", "tiny", "--latent", "2x4x4", "--stage", "stdit")
    convert = ("convert", "open-sora-v1.2", *tiny, "-o", "models")
    result = limited(*convert, cwd=tmp_path)
    assert result.returncode == 2
    (line,) = result.stderr.strip().splitlines()
    assert "cannot be written" in line
    assert "free some space" in line
    assert not list(tmp_path.rglob("*.mlpackage"))
