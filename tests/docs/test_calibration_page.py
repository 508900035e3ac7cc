"""docs/calibration.md: the transcript is what devsim prints, the parameters are the profile's."""

import os
import re
import subprocess
import sys
from pathlib import Path

from devsim.core.profile import Profile
from devsim.core.shipped import profile_path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "calibration.md").read_text()


def test_the_transcript_is_what_is_printed():
    (transcript,) = re.findall(r"```console\n\$ devsim (.*?)```", PAGE, re.DOTALL)
    command, _, printed = transcript.partition("\n")
    env = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    result = subprocess.run(
        [sys.executable, "-m", "devsim", *command.split()],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=env,
    )
    assert result.returncode == 0, result.stderr
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert lines == printed.rstrip("\n").split("\n")


def test_the_table_of_parameters_is_the_shipped_profiles():
    rows = re.findall(r"^\| `(\w+)` \| ([\d.]+) (\S*)", PAGE, re.MULTILINE)
    units = {"": 1, "|": 1, "s": 1, "ms": 1e-3, "MB/s": 1e6, "GB/s": 1e9}
    units |= {"TFLOPS": 1e12, "TFLOPS,": 1e12}
    shipped = Profile.read(profile_path("open-sora-v1.2", "iphone15pro"))
    fitted = {each.name: each.value for each in shipped.fitted}
    assert {name for name, _, _ in rows} == set(fitted)
    for name, value, unit in rows:
        digits = len(value.replace(".", "").lstrip("0"))
        assert f"{float(value) * units[unit]:.{digits}g}" == f"{fitted[name]:.{digits}g}"
