"""The folder that one command runs in, and all around it what it has no business to touch."""

import os
import shutil
import stat
from pathlib import Path
from typing import NamedTuple, Self

SECRET = "CANARY-7d1f0a96"
"""What the private files hold; it may turn up nowhere else."""

_ABOVE_WORK = ("a", "b", "c", "work")


class Entry(NamedTuple):
    """What a file is, without opening it."""

    kind: str
    inode: int
    size: int
    changed_ns: int
    target: str


Snapshot = dict[str, Entry]
"""Entries by their path in the arena."""


def root_of(work: Path) -> Path:
    """The root of the arena that a working folder is in."""
    return work.parents[len(_ABOVE_WORK) - 1]


class Arena:
    """A fresh folder with a working folder deep inside, and a private folder at every level.

    A name that climbs some levels up from anywhere inside finds a private folder to harm.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "root"
        self.work = self.root.joinpath(*_ABOVE_WORK)
        self.temporary = self.root / "tmp"
        self.home = self.root / "home"

    def __enter__(self) -> Self:
        self.work.mkdir(parents=True)
        self.temporary.mkdir()
        self.home.mkdir()
        for level in (self.work, *self.work.parents[: len(_ABOVE_WORK)]):
            private = level / "private"
            private.mkdir()
            for name in ("thesis.txt", "manifest.json", "model.safetensors"):
                (private / name).write_text(SECRET)
        return self

    def __exit__(self, *error: object) -> None:
        remove(self.folder)

    def snapshot(self) -> Snapshot:
        """Everything in the arena; links are not followed."""
        found: Snapshot = {}
        for folder, folders, files in os.walk(self.root):
            for name in (*folders, *files):
                path = Path(folder, name)
                found[os.path.relpath(path, self.root)] = _entry(path)
        return found

    def inside(self, relative: str) -> str:
        """The path in a snapshot of what lies in the working folder."""
        return os.path.relpath(self.work / relative, self.root)


def disk_bytes(folder: Path) -> int:
    """What the files of a folder take on the disk: nothing for the holes of sparse ones."""
    return sum(os.lstat(path).st_blocks * 512 for path in folder.rglob("*"))


def remove(folder: Path) -> None:
    """Remove a folder, whatever its permissions."""
    if os.geteuid() != 0:
        for inner, _, _ in os.walk(folder):
            os.chmod(inner, 0o700)  # noqa: PTH101
    shutil.rmtree(folder, ignore_errors=True)


def _entry(path: Path) -> Entry:
    found = os.lstat(path)
    folder = stat.S_ISDIR(found.st_mode)
    return Entry(
        kind=stat.filemode(found.st_mode),
        inode=found.st_ino,
        size=0 if folder else found.st_size,
        changed_ns=0 if folder else found.st_mtime_ns,
        target=os.readlink(path) if stat.S_ISLNK(found.st_mode) else "",  # noqa: PTH115
    )
