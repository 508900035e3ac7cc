"""Compiled packages, kept between runs.

``CACHE/coreml/KEY/GENERATION/model.mlmodelc``; the key is made of the package's digest, the
compute unit and the system's build. Core ML keeps its own cache of specialised models by the path
of the ``.mlmodelc`` (coremltools guide, "Model Prediction"), so a new generation, which is a new
path, is what Core ML has never seen: its next load is cold.
"""

import contextlib
import os
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from devsim.core.errors import BadInputError

_MODEL, _SEEN = "model.mlmodelc", "seen"


@dataclass(frozen=True, slots=True)
class CachedModel:
    """A compiled package at a path that Core ML has seen or not."""

    generation: Path

    @property
    def model(self) -> Path:
        """The ``.mlmodelc``."""
        return self.generation / _MODEL

    @property
    def seen(self) -> bool:
        """Whether a load from this path has succeeded before."""
        return (self.generation / _SEEN).exists()

    def mark_seen(self) -> None:
        """Note that a load from this path has succeeded."""
        with _writing(self.generation):
            (self.generation / _SEEN).touch()


class CompiledCache:
    """Finds, adds and renews compiled packages; several processes may share the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "coreml"

    def get(self, key: str, compile_to: Callable[[Path], None]) -> CachedModel:
        """What was compiled under a key; ``compile_to`` makes it at a path when there is none.

        Raises:
            BadInputError: the folder cannot be written.
        """
        folder = self._folder / key
        found = sorted(folder.glob(f"*/{_MODEL}"))
        if found:
            return CachedModel(found[0].parent)
        with _writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".part-", dir=self._folder) as part:
                new = Path(part) / "new"
                new.mkdir()
                compile_to(new / _MODEL)
                return CachedModel(new.rename(folder / uuid.uuid4().hex))

    def renew(self, cached: CachedModel) -> CachedModel:
        """Move a compiled package to a path that Core ML has never seen.

        Raises:
            BadInputError: the folder cannot be written.
        """
        if not cached.seen:
            return cached
        with _writing(cached.generation):
            fresh = cached.generation.rename(cached.generation.with_name(uuid.uuid4().hex))
            (fresh / _SEEN).unlink(missing_ok=True)
        return CachedModel(fresh)


def default_folder() -> Path:
    """``$DEVSIM_CACHE``, or devsim's folder among the user's caches."""
    return Path(os.environ.get("DEVSIM_CACHE") or Path.home() / "Library/Caches/devsim")


def system_build() -> str:
    """The build of macOS, as ``sw_vers`` prints it."""
    command = ["/usr/bin/sw_vers", "-buildVersion"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadInputError(
            f"{folder}: cannot be written ({error.strerror or error})",
            "free some space, or name another folder in DEVSIM_CACHE",
        ) from error
