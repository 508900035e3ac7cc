"""Folders that are made for an output, and do not stay behind empty when there is none."""

import contextlib
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def no_empty_folders(out: Path) -> Iterator[None]:
    """Remove ``out`` and its parents at the end, as far as the block made them and left them empty.

    Args:
        out: a folder that the block may make.
    """
    new = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        yield
    finally:
        for folder in new:
            with contextlib.suppress(OSError):
                folder.rmdir()
