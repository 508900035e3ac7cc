"""A hard memory limit for a process: the system's where it permits one, else none.

The budget is of the footprint (anonymous and shared memory). A cgroup counts more: the kernel's
own memory for the process, and every file page that the process was the first to read. File
pages that are clean go when memory is short and kill nothing, so they need no room; what does is
added to the limit when the run starts: the kernel's memory, the program's mapped files, and page
tables for the budget. A process is therefore killed a little above its budget by the cgroup, and
at it by the watchdog of ``devsim.execute.watch``, which sees samples alone.

Sources: cgroup-v1/memory.rst and cgroup-v2.rst of the kernel's documentation.
"""

import contextlib
import errno
import os
from pathlib import Path
from typing import Protocol

_PAGE_TABLE_SHARE = 512  # an entry of 8 bytes for every page of 4 KiB


class HardLimit(Protocol):
    """A limit that the system enforces on one process by killing it."""

    @property
    def name(self) -> str:
        """For people."""

    def hold(self, pid: int) -> None:
        """Count a process's memory from now on."""

    def restrict(self, budget_bytes: int) -> None:
        """Kill the process where its footprint rises above a budget."""

    def has_killed(self) -> bool:
        """Whether it did."""

    def counted_bytes(self) -> int:
        """The most that was counted."""

    def close(self) -> None:
        """Give the cgroup back; its process has ended."""


class CgroupV1:
    """The memory controller of cgroup version 1."""

    name = "cgroup v1"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def hold(self, pid: int) -> None:
        """See ``HardLimit.hold``."""
        (self._folder / "cgroup.procs").write_text(str(pid))

    def restrict(self, budget_bytes: int) -> None:
        """See ``HardLimit.restrict``."""
        mapped = _fields(self._folder / "memory.stat")["mapped_file"]
        kernel = int((self._folder / "memory.kmem.usage_in_bytes").read_text())
        limit = _limit(budget_bytes, mapped + kernel)
        try:
            (self._folder / "memory.limit_in_bytes").write_text(str(limit))
        except OSError as error:
            # Held already and cannot be reclaimed: the watchdog's next sample kills it.
            if error.errno != errno.EBUSY:
                raise

    def has_killed(self) -> bool:
        """See ``HardLimit.has_killed``."""
        return _fields(self._folder / "memory.oom_control").get("oom_kill", 0) > 0

    def counted_bytes(self) -> int:
        """See ``HardLimit.counted_bytes``."""
        return int((self._folder / "memory.max_usage_in_bytes").read_text())

    def close(self) -> None:
        """See ``HardLimit.close``."""
        _remove(self._folder)


class CgroupV2:
    """The memory controller of cgroup version 2."""

    name = "cgroup v2"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def hold(self, pid: int) -> None:
        """See ``HardLimit.hold``."""
        (self._folder / "cgroup.procs").write_text(str(pid))

    def restrict(self, budget_bytes: int) -> None:
        """See ``HardLimit.restrict``."""
        stat = _fields(self._folder / "memory.stat")
        limit = _limit(budget_bytes, stat["file_mapped"] + stat.get("kernel", 0))
        (self._folder / "memory.max").write_text(str(limit))

    def has_killed(self) -> bool:
        """See ``HardLimit.has_killed``."""
        return _fields(self._folder / "memory.events")["oom_kill"] > 0

    def counted_bytes(self) -> int:
        """See ``HardLimit.counted_bytes``."""
        peak = self._folder / "memory.peak"
        return int((peak if peak.exists() else self._folder / "memory.current").read_text())

    def close(self) -> None:
        """See ``HardLimit.close``."""
        _remove(self._folder)


def hard_limit(cgroups: Path = Path("/sys/fs/cgroup")) -> HardLimit | None:
    """A cgroup below this process's own, or None where the system does not permit one."""
    name = f"devsim-{os.getpid()}"
    try:
        own = _own_cgroups()
    except OSError:
        return None
    for kind, folder in (
        (CgroupV1, cgroups / "memory" / own.get("memory", "") / name),
        (CgroupV2, cgroups / own.get("", "") / name),
    ):
        made = _made(folder)
        if made and (folder / _LIMIT_FILES[kind]).exists():
            return kind(folder)
        if made:
            _remove(folder)
    return None


_LIMIT_FILES: dict[type[CgroupV1 | CgroupV2], str] = {
    CgroupV1: "memory.limit_in_bytes",
    CgroupV2: "memory.max",
}


def _own_cgroups() -> dict[str, str]:
    """This process's cgroup by controller; version 2 has no controller's name."""
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    parts = (line.split(":", 2) for line in lines)
    return {name: path.lstrip("/") for _, names, path in parts for name in names.split(",")}


def _made(folder: Path) -> bool:
    if not (folder.parent / "cgroup.procs").exists():
        return False
    with contextlib.suppress(OSError):
        folder.mkdir(exist_ok=True)
        return True
    return False


def _remove(folder: Path) -> None:
    """Best effort: a process that has been killed leaves its cgroup a moment later."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def _limit(budget_bytes: int, uncounted_bytes: int) -> int:
    return budget_bytes + budget_bytes // _PAGE_TABLE_SHARE + uncounted_bytes


def _fields(path: Path) -> dict[str, int]:
    lines = (line.split() for line in path.read_text().splitlines())
    return {parts[0]: int(parts[1]) for parts in lines if len(parts) == 2}
