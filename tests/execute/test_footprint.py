import mmap
import os
import subprocess
import sys

import psutil
import pytest

from devsim.execute.footprint import PeakMeter, footprint_bytes

SIZE = 64 * 2**20
SLACK = 4 * 2**20  # the interpreter's own coming and going


def pages():
    """Memory of its own: what malloc gives may be there already, left by an earlier test."""
    held = mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for at in range(0, SIZE, mmap.PAGESIZE):
        held[at] = 1
    return held


def test_footprint_rises_by_what_is_held_and_falls_again():
    before = footprint_bytes(os.getpid())
    held = pages()
    during = footprint_bytes(os.getpid())
    held.close()
    assert abs(during - before - SIZE) < SLACK
    assert footprint_bytes(os.getpid()) - before < SLACK


def test_peak_is_seen_though_it_is_gone_when_the_block_ends():
    with PeakMeter() as meter:
        pages().close()
    assert abs(meter.rise_bytes - SIZE) < SLACK


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the footprint itself is sampled")
def test_pages_of_files_that_come_in_meanwhile_are_told_apart(tmp_path):
    file = tmp_path / "weights"
    file.write_bytes(bytes(SIZE))
    with file.open("rb") as opened, PeakMeter() as meter:
        held = mmap.mmap(opened.fileno(), SIZE, access=mmap.ACCESS_READ)
        assert sum(held[at] for at in range(0, SIZE, mmap.PAGESIZE)) == 0
        pages().close()
    held.close()
    assert abs(meter.rise_bytes - 2 * SIZE) < SLACK
    assert abs(meter.file_bytes - SIZE) < SLACK


def test_a_process_that_has_ended_is_an_error():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    with pytest.raises(psutil.NoSuchProcess):
        footprint_bytes(process.pid)


@pytest.mark.skipif(sys.platform != "linux", reason="waits without reaping, reads /proc")
def test_a_process_that_has_ended_and_is_not_reaped_is_an_error():
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(psutil.NoSuchProcess):
        footprint_bytes(process.pid)
    process.wait()
