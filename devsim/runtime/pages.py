"""The pages that weights are read into: huge ones, where their cost is the same every time."""

import contextlib
import functools
import mmap
from pathlib import Path

_BALLOONS = Path("/sys/bus/virtio/drivers/virtio_balloon")
_FREE_PAGE_REPORTING = 5
"""VIRTIO_BALLOON_F_PAGE_REPORTING (virtio 1.2, 5.5.3)."""


def fresh_memory(size_bytes: int) -> mmap.mmap:
    """Private anonymous memory; faulting it in costs the same whenever that is done.

    Huge pages make faulting in three times as fast. But a virtual machine that reports its free
    pages to its host loses the huge ones a moment after they are freed, and pays ten times as much
    for those that it has lost: there, memory comes in ordinary pages.

    Raises:
        OSError: there is not as much.
    """
    memory = mmap.mmap(-1, size_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        advice = mmap.MADV_NOHUGEPAGE if _reports_free_pages(_BALLOONS) else mmap.MADV_HUGEPAGE
        with contextlib.suppress(OSError):  # a kernel without huge pages
            memory.madvise(advice)
    return memory


@functools.cache
def _reports_free_pages(balloons: Path) -> bool:
    """Whether a balloon device has agreed with the host to report pages that are free."""
    for features in balloons.glob("*/features"):
        with contextlib.suppress(OSError):
            if features.read_text()[_FREE_PAGE_REPORTING : _FREE_PAGE_REPORTING + 1] == "1":
                return True
    return False
