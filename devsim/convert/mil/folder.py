"""A folder of packages that appears whole or not at all."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from devsim.core.errors import BadFileError, BadInputError
from devsim.core.manifest import MANIFEST_NAME, Manifest
from devsim.core.new_folders import no_empty_folders


@contextlib.contextmanager
def new_folder(out: Path, *, force: bool) -> Iterator[Path]:
    """Yield a folder beside ``out`` that takes its place when the block succeeds.

    Raises:
        BadInputError: ``out`` exists and ``force`` is false, it holds something else than
            packages, or it cannot be written.
    """
    _refuse(out, force=force)
    scratch = out.with_name(f".{out.name}.partial")
    try:
        with no_empty_folders(out.parent):
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir(parents=True)
            try:
                yield scratch
                if out.exists():
                    shutil.rmtree(out)
                scratch.rename(out)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        raise BadInputError(
            f"{out}: cannot be written ({error.strerror or error})",
            "choose another --output or free some space",
        ) from error


def _refuse(out: Path, *, force: bool) -> None:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not force:
        raise BadInputError(f"{out}: already exists", "add --force to replace it")
    try:
        Manifest.read(out / MANIFEST_NAME)
    except BadFileError as error:
        raise BadInputError(
            f"{out}: holds something else than packages", "choose another --output"
        ) from error
