"""Paths that come from files, held inside the folder they belong to.

A path from a manifest, a plan or a package is followed only as far as its folder reaches. To read,
links inside the folder may be followed while they end inside it, or inside the cache of a model
hub that the folder is a snapshot of. To write and to delete, no link is followed at all.
"""

import shutil
from pathlib import Path

from devsim.core.errors import BadFileError, BadInputError
from devsim.core.printable import quoted

_NAME_THE_REAL_ONE = "use a folder that holds the files themselves"


def readable(folder: Path, *parts: str) -> Path:
    """The path of something in a folder that is to be read, with all links resolved.

    Raises:
        BadFileError: it lies outside the folder and outside the hub's cache.
    """
    try:
        path = folder.joinpath(*parts).resolve()
        roots = [root.resolve() for root in (folder, *hub_blobs(folder))]
    except (OSError, ValueError, RuntimeError) as error:  # a zero byte; links in a circle
        problem = f"'{quoted('/'.join(parts))}' is not a path"
        raise BadFileError(folder, problem, "make the folder again") from error
    if not any(path.is_relative_to(root) for root in roots):
        problem = f"'{quoted('/'.join(parts))}' leads outside of it, to {path}"
        raise BadFileError(folder, problem, _NAME_THE_REAL_ONE)
    return path


def hub_blobs(folder: Path) -> tuple[Path, ...]:
    """Where the files of a snapshot in a model hub's cache lie; empty elsewhere.

    The Hugging Face hub keeps a repository as ``NAME/snapshots/REVISION/...``, with links into
    ``NAME/blobs``.
    """
    for path in (folder.absolute(), folder.resolve()):
        for parent in path.parents:
            if parent.name == "snapshots" and (parent.parent / "blobs").is_dir():
                return (parent.parent / "blobs",)
    return ()


def writable(folder: Path, relative: str) -> Path:
    """The path of something in a folder that is to be written or deleted.

    The folder itself may be a link, as it is what the user named.

    Raises:
        BadInputError: it lies outside the folder, or is reached through a link.
    """
    parts = Path(relative).parts
    if not parts or Path(relative).is_absolute() or ".." in parts or "\0" in relative:
        raise BadInputError(
            f"{folder}: '{quoted(relative)}' leads outside of it", "choose another --output"
        )
    path = folder
    for part in parts[:-1]:
        path = path / part
        if path.is_symlink():
            raise BadInputError(
                f"{path}: is a link, and nothing is written or deleted through it",
                "remove the link",
            )
    return path / parts[-1]


def remove(folder: Path, relative: str) -> None:
    """Delete a file, a link or a whole folder inside a folder; nothing if it is not there.

    Raises:
        BadInputError: see ``writable``.
    """
    path = writable(folder, relative)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
