"""Facts of the machine that figures were taken on."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from devsim.core.units import format_bytes
from devsim.execute.cores import Cores
from devsim.execute.page_cache import PageCache
from devsim.version import __version__

_LIBRARIES = ("torch", "coremltools", "numpy")


def describe(
    runtime: str,
    threads: int,
    cores: Cores | None = None,
    page_cache: PageCache = PageCache.KEEP,
) -> dict[str, str]:
    """What a figure depends on, by name; the same machine and settings give the same.

    Args:
        runtime: the runtime's name.
        threads: of one compute.
        cores: of the lanes; None leaves them to the system.
        page_cache: what is done about file pages.
    """
    return {
        "device": f"{platform.system()}-{platform.machine()}-{os.cpu_count()}cpu".lower(),
        "cpu": _cpu(),
        "memory": format_bytes(psutil.virtual_memory().total),
        "system": f"{platform.system()} {platform.release()}",
        "runtime": runtime,
        "compute_threads": str(threads),
        "cores": str(cores) if cores else "any",
        "page_cache": page_cache.value,
        "devsim": __version__,
        "python": platform.python_version(),
        **{name: _version(name) for name in _LIBRARIES},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
