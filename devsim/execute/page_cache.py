"""The system's cache of file pages: what decides whether a load reads the disk."""

import contextlib
import os
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path


class PageCache(StrEnum):
    """What is done about pages of packages that earlier reads left in memory."""

    KEEP = "keep"
    """Nothing: loads find what there is."""
    DROP = "drop"
    """They are dropped before the run; later loads of a package find what its first load read."""
    DROP_ALWAYS = "drop-always"
    """They are dropped before the run and after every load, so that each load reads the disk, as
    where packages are larger than what memory is left for files."""


def drop_pages(packages: Iterable[Path]) -> None:
    """Ask the system to forget the pages of packages' files; does nothing where it cannot.

    Pages that are mapped or not yet written stay (posix_fadvise(2), ``POSIX_FADV_DONTNEED``), so
    files are written out first.
    """
    if not hasattr(os, "posix_fadvise"):
        return
    for package in packages:
        for path in (path for path in package.rglob("*") if path.is_file()):
            _drop_file(path)


def _drop_file(path: Path) -> None:
    with contextlib.suppress(OSError):  # gone, or not on a file system that writes out
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fdatasync(handle)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(handle)
