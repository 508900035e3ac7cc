"""Packages of a folder, with their bytes compared with what the folder's manifest says."""

from pathlib import Path

from devsim.core.confined import readable
from devsim.core.errors import BadFileError
from devsim.core.files import package_digest
from devsim.core.manifest import Block

_CONVERT = "convert the workload again"


def package_folder(folder: Path, block: Block) -> Path:
    """Where a block's package lies.

    Raises:
        BadFileError: it is missing, or lies outside the folder.
    """
    package = readable(folder, block.package)
    if not package.is_dir():
        raise BadFileError(folder / block.package, "package is missing", _CONVERT)
    return package


def checked_package(folder: Path, block: Block) -> Path:
    """Where a block's package lies; every byte of it is what the manifest says.

    Raises:
        BadFileError: see ``package_folder``; or it has changed since the manifest was written.
    """
    package = package_folder(folder, block)
    if block.digest and package_digest(package) != block.digest:
        raise BadFileError(
            folder / block.package, "is not the package that the manifest describes", _CONVERT
        )
    return package
