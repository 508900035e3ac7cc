"""The planner's page names options and files that there are."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "planner.md").read_text()


def test_every_option_is_one_of_the_command():
    result = subprocess.run(
        [sys.executable, "-m", "devsim", "plan", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "200", "PATH": ""},
    )
    named = set(re.findall(r"--[a-z][a-z-]+", PAGE))
    assert named
    assert {option for option in named if option not in result.stdout} == set()


def test_every_benchmark_is_there():
    named = re.findall(r"benchmarks/\w+\.py", PAGE)
    assert len(named) == 3
    assert all((ROOT / path).exists() for path in named)
