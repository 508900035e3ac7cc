import os
import subprocess
import sys

import pytest

from devsim.runtime.allocator import allocator_environment

HELD_AND_LEFT = """
import os, torch
from devsim.execute.footprint import footprint_bytes
before = footprint_bytes(os.getpid())
tensors = [torch.ones(4, 1 << 20) for _ in range(8)]
held = footprint_bytes(os.getpid()) - before
del tensors
print(held, footprint_bytes(os.getpid()) - before)
"""


def test_tunables_of_the_user_stay() -> None:
    made = allocator_environment({"GLIBC_TUNABLES": "glibc.malloc.check=1", "HOME": "/home"})
    assert made["GLIBC_TUNABLES"] == "glibc.malloc.check=1:glibc.malloc.hugetlb=1"
    assert made["HOME"] == "/home"


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's settings")
def test_freed_activations_leave_the_footprint() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HELD_AND_LEFT],
        env=allocator_environment(os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    held, left = map(int, done.stdout.split())
    size = 8 * (16 << 20)
    # A tensor ends within a huge page of 2 MiB.
    assert size <= held <= size + 9 * (2 << 20)
    assert left <= 2 << 20
