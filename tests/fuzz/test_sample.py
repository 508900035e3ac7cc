"""A sample of the hostile files does devsim no harm; ``python -m fuzz`` tries them all."""

import subprocess
import sys

from fuzz.seeds import CHECKOUT

SAMPLE = ("--sample", "110", "--seed", "1")


def test_a_sample_of_every_kind(valid):
    command = [sys.executable, "-m", "fuzz", "--seeds", str(valid), *SAMPLE]
    result = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-2000:]
