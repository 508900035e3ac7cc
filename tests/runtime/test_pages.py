import ctypes
import mmap
import sys
from pathlib import Path

import pytest

from devsim.runtime import pages
from devsim.runtime.pages import _reports_free_pages, fresh_memory

SIZE = 6 << 20


@pytest.mark.parametrize(
    ("devices", "reports"),
    [
        ({}, False),
        ({"virtio0": "0110000" + "0" * 57}, False),
        ({"virtio0": "0" * 64, "virtio3": "00000100"}, True),
        ({"virtio0": ""}, False),
    ],
)
def test_a_balloon_that_reports_free_pages_is_recognised(
    tmp_path: Path, devices: dict[str, str], reports: bool
) -> None:
    for name, features in devices.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "features").write_text(features + "\n")
    assert _reports_free_pages(tmp_path) is reports


def test_fresh_memory_is_zero_private_and_writable() -> None:
    with fresh_memory(3 * mmap.PAGESIZE) as memory:
        assert memory[:] == bytes(3 * mmap.PAGESIZE)
        memory[mmap.PAGESIZE] = 7
        assert memory[mmap.PAGESIZE] == 7


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's account of a mapping")
@pytest.mark.parametrize(("features", "advice"), [("000001", "nh"), ("000000", "hg")])
def test_memory_comes_in_huge_pages_unless_free_ones_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, features: str, advice: str
) -> None:
    (tmp_path / "virtio0").mkdir()
    (tmp_path / "virtio0" / "features").write_text(features)
    monkeypatch.setattr(pages, "_BALLOONS", tmp_path)
    if not Path("/sys/kernel/mm/transparent_hugepage").exists():
        pytest.skip("a kernel without huge pages")
    with fresh_memory(SIZE) as memory:
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        assert advice in flags_of(address)


def flags_of(address: int) -> list[str]:
    """The flags of the mapping that holds an address: proc(5), ``VmFlags``."""
    inside = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        first = line.split()[0]
        if "-" in first and not first.endswith(":"):
            low, high = (int(each, 16) for each in first.split("-"))
            inside = low <= address < high
        elif inside and first == "VmFlags:":
            return line.split()[1:]
    raise AssertionError("no mapping holds the address")
