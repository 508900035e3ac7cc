import mmap
from pathlib import Path

import pytest

from devsim.runtime.pages import _reports_free_pages, fresh_memory


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
