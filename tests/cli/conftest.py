import subprocess
import sys

import pytest


@pytest.fixture(scope="session")
def devsim():
    """Run the command line in a process of its own."""

    def run(*args, cwd=None, python=(), env=None):
        command = [sys.executable, *python, "-m", "devsim", *map(str, args)]
        return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env)

    return run
