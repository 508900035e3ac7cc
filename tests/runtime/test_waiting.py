import os
import subprocess
import sys

import pytest

from devsim.runtime.waiting import leave_cores_to_loads

ONE_RUN = """
import os, sys
from devsim.runtime.waiting import leave_cores_to_loads
leave_cores_to_loads(os.environ, int(sys.argv[1]), 2)
import torch
"""


def chosen(threads, cores, **own):
    leave_cores_to_loads(own, threads, cores)
    return own


def test_threads_that_leave_no_core_to_loads_sleep_soon():
    assert chosen(2, 2) == chosen(4, 4) == {"GOMP_SPINCOUNT": "3000"}


@pytest.mark.parametrize(("threads", "cores"), [(1, 1), (1, 2), (2, 3), (2, None)])
def test_where_a_core_is_left_they_spin(threads, cores):
    assert chosen(threads, cores) == {}


@pytest.mark.parametrize("own", [{"GOMP_SPINCOUNT": "7"}, {"OMP_WAIT_POLICY": "active"}])
def test_what_the_user_chose_stays(own):
    assert chosen(2, 2, **own) == own


@pytest.mark.skipif(sys.platform != "linux", reason="GNU OpenMP comes with torch's Linux wheels")
@pytest.mark.parametrize(("threads", "told"), [(1, False), (2, True)])
def test_the_library_reads_it_when_torch_is_imported(threads, told):
    own = {k: v for k, v in os.environ.items() if k not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    done = subprocess.run(
        [sys.executable, "-c", ONE_RUN, str(threads)],
        env={**own, "OMP_DISPLAY_ENV": "verbose"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ("GOMP_SPINCOUNT = '3000'" in done.stderr) is told
